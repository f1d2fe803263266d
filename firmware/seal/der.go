package seal

import (
	"encoding/asn1"
	"errors"
	"math/big"
)

// fixed makes the 64 bytes of r and s of a signature in DER.
func fixed(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &sig); err != nil || len(rest) > 0 {
		return nil, errors.New("sign: no signature came")
	}
	raw := make([]byte, SignatureSize)
	sig.R.FillBytes(raw[:32])
	sig.S.FillBytes(raw[32:])
	return raw, nil
}
