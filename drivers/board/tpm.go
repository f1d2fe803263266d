package board

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/linuxtpm"
	"github.com/google/go-tpm/tpm2/transport/linuxudstpm"
)

// TPM is the board's trusted platform module (TPM 2.0, by the kernel's resource manager). What it seals, no other board unseals: a card without its board tells nothing. It asks
// for no password and for no measured start, so who has the board too can have it unsealed.
type TPM struct {
	Path string // /dev/tpmrm0, or the socket of another one
}

// HostTPM is where a kernel has it.
const HostTPM = "/dev/tpmrm0"

// tpmMark begins what a TPM has sealed:
//
//	0 "nabz-tpm-1\n"
//	  u16, TPM2B_PUBLIC; u16, TPM2B_PRIVATE (TCG TPM 2.0 library, part 2, 12.2.5 and 12.3.7), big-endian
var tpmMark = []byte("nabz-tpm-1\n")

// IsSealed says whether bytes are what some TPM has sealed.
func IsSealed(b []byte) bool { return bytes.HasPrefix(b, tpmMark) }

func (t TPM) open() (transport.TPMCloser, error) {
	info, err := os.Stat(t.Path)
	if err != nil {
		return nil, fmt.Errorf("TPM: %w", err)
	}
	if info.Mode()&os.ModeSocket != 0 {
		return linuxudstpm.Open(t.Path)
	}
	return linuxtpm.Open(t.Path)
}

// within does something below the storage root key, which is the same each time and never leaves the TPM.
func (t TPM) within(do func(tpm transport.TPM, root *tpm2.CreatePrimaryResponse) error) (err error) {
	tpm, err := t.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tpm.Close()) }()
	root, err := tpm2.CreatePrimary{PrimaryHandle: tpm2.TPMRHOwner, InPublic: tpm2.New2B(tpm2.ECCSRKTemplate)}.Execute(tpm)
	if err != nil {
		return fmt.Errorf("TPM: storage root key: %w", err)
	}
	defer func() {
		_, flushed := tpm2.FlushContext{FlushHandle: root.ObjectHandle}.Execute(tpm)
		err = errors.Join(err, flushed)
	}()
	return do(tpm, root)
}

// hidden is a session in which nobody on the bus reads what goes in or comes out.
func hidden(root *tpm2.CreatePrimaryResponse, encrypted tpm2.AuthOption) (tpm2.Session, error) {
	public, err := root.OutPublic.Contents()
	if err != nil {
		return nil, err
	}
	return tpm2.HMAC(tpm2.TPMAlgSHA256, 16, encrypted, tpm2.Salted(root.ObjectHandle, *public)), nil
}

// Seal seals up to 128 bytes.
func (t TPM) Seal(secret []byte) (sealed []byte, err error) {
	return sealed, t.within(func(tpm transport.TPM, root *tpm2.CreatePrimaryResponse) error {
		session, err := hidden(root, tpm2.AESEncryption(128, tpm2.EncryptIn))
		if err != nil {
			return err
		}
		made, err := tpm2.Create{
			ParentHandle: tpm2.AuthHandle{Handle: root.ObjectHandle, Name: root.Name, Auth: session},
			InSensitive: tpm2.TPM2BSensitiveCreate{Sensitive: &tpm2.TPMSSensitiveCreate{
				Data: tpm2.NewTPMUSensitiveCreate(&tpm2.TPM2BSensitiveData{Buffer: secret}),
			}},
			InPublic: tpm2.New2B(tpm2.TPMTPublic{
				Type: tpm2.TPMAlgKeyedHash, NameAlg: tpm2.TPMAlgSHA256,
				ObjectAttributes: tpm2.TPMAObject{FixedTPM: true, FixedParent: true, UserWithAuth: true, NoDA: true},
			}),
		}.Execute(tpm)
		if err != nil {
			return fmt.Errorf("TPM: seal: %w", err)
		}
		sealed = bytes.Clone(tpmMark)
		for _, part := range [][]byte{made.OutPublic.Bytes(), made.OutPrivate.Buffer} {
			sealed = append(binary.BigEndian.AppendUint16(sealed, uint16(len(part))), part...)
		}
		return nil
	})
}

// Unseal gives back what this board's TPM has sealed.
func (t TPM) Unseal(sealed []byte) (secret []byte, err error) {
	public, private, err := parts(sealed)
	if err != nil {
		return nil, err
	}
	return secret, t.within(func(tpm transport.TPM, root *tpm2.CreatePrimaryResponse) error {
		loaded, err := tpm2.Load{
			ParentHandle: tpm2.AuthHandle{Handle: root.ObjectHandle, Name: root.Name, Auth: tpm2.PasswordAuth(nil)},
			InPrivate:    tpm2.TPM2BPrivate{Buffer: private}, InPublic: tpm2.BytesAs2B[tpm2.TPMTPublic](public),
		}.Execute(tpm)
		if err != nil {
			return fmt.Errorf("TPM: another board has sealed this: %w", err)
		}
		defer func() { _, _ = tpm2.FlushContext{FlushHandle: loaded.ObjectHandle}.Execute(tpm) }() // it goes with the connection too
		session, err := hidden(root, tpm2.AESEncryption(128, tpm2.EncryptOut))
		if err != nil {
			return err
		}
		out, err := tpm2.Unseal{ItemHandle: tpm2.AuthHandle{Handle: loaded.ObjectHandle, Name: loaded.Name, Auth: session}}.Execute(tpm)
		if err != nil {
			return fmt.Errorf("TPM: unseal: %w", err)
		}
		secret = out.OutData.Buffer
		return nil
	})
}

func parts(sealed []byte) (public, private []byte, err error) {
	rest, ok := bytes.CutPrefix(sealed, tpmMark)
	var all [2][]byte
	for i := range all {
		if !ok || len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return nil, nil, errors.New("TPM: what was sealed is damaged")
		}
		n := int(binary.BigEndian.Uint16(rest))
		all[i], rest = rest[2:2+n], rest[2+n:]
	}
	return all[0], all[1], nil
}
