package profile

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"nabz/provisioning/authority"
	"nabz/provisioning/identity"
	"nabz/provisioning/signed"
)

const (
	year  = 365 * 24 * time.Hour
	local = "[exam]\nreadings = 2\n[cuff]\nprotocol = \"par\"\npath = \"/dev/ttyS0\"\n"
)

// TestMain lets this program be the box whose power is cut: it ends itself with SIGKILL at a step.
func TestMain(m *testing.M) {
	dir := os.Getenv("PROFILE_TEST_DIR")
	if dir == "" {
		os.Exit(m.Run())
	}
	n := 0
	s := boxOf(dir)
	s.step = func(step string) {
		if n++; numbered(n, step) == os.Getenv("PROFILE_TEST_STEP") {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	if err := change(s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func numbered(n int, step string) string { return fmt.Sprintf("%d %s", n, step) }

func boxOf(dir string) *Store {
	return &Store{Identity: identity.Folder{Dir: dir}, Local: []byte(fmt.Sprintf("identity = %q\n[broker]\nurl=\"ssl://h:1\"\n", dir) + local), Now: time.Now}
}

// change is what the box does with a profile that came: it tries it, begins anew, and lets it stay or takes it back.
func change(s *Store) error {
	raw, err := os.ReadFile(filepath.Join(s.Identity.Dir, "..", "offer"))
	if err != nil {
		return err
	}
	if _, err := s.Offer(raw, []string{"link"}); err != nil {
		return err
	}
	if l, err := s.Load(); err != nil || !l.Trial {
		return errors.Join(err, errors.New("no trial"))
	}
	if os.Getenv("PROFILE_TEST_REJECT") != "" {
		return s.Reject("the link no longer works")
	}
	return s.Confirm()
}

// office signs, and a box trusts it.
type office struct {
	*testing.T
	ca   *authority.Authority
	dir  string // of the authority
	box  string // of a box's identity
	pair tls.Certificate
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{T: t, dir: filepath.Join(t.TempDir(), "hq"), box: filepath.Join(t.TempDir(), "identity")}
	if err := authority.Create(o.dir, "Test", "synthetic horse staple", 10); err != nil {
		t.Fatal(err)
	}
	var err error
	if o.ca, err = authority.Open(o.dir, "synthetic horse staple"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.ca.Close() })
	o.pair = o.issue(authority.Signer, "profiles-1")
	o.newBox()
	return o
}

// newBox is a box that was enrolled.
func (o *office) newBox() *Store {
	o.Helper()
	o.box = filepath.Join(o.TempDir(), "identity")
	if err := os.MkdirAll(o.box, 0o700); err != nil {
		o.Fatal(err)
	}
	for name, text := range map[string]string{"enrolment.json": `{"name":"bhu-1"}`, "ca.crt": string(o.ca.Trusted())} {
		if err := os.WriteFile(filepath.Join(o.box, name), []byte(text), 0o600); err != nil {
			o.Fatal(err)
		}
	}
	return boxOf(o.box)
}

func (o *office) issue(k authority.Kind, name string) tls.Certificate {
	o.Helper()
	key, err := authority.NewKey()
	if err != nil {
		o.Fatal(err)
	}
	csr, err := authority.RequestOf(key, name)
	if err != nil {
		o.Fatal(err)
	}
	c, err := o.ca.Issue(authority.Request{Kind: k, Name: name, CSR: csr, Life: year})
	if err != nil {
		o.Fatal(err)
	}
	pair, err := tls.X509KeyPair(append(authority.Chain(c), o.ca.Trusted()...), key)
	if err != nil {
		o.Fatal(err)
	}
	return pair
}

func (o *office) sign(pair tls.Certificate, text string) []byte {
	o.Helper()
	var chain []*x509.Certificate
	for _, der := range pair.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			o.Fatal(err)
		}
		chain = append(chain, c)
	}
	raw, err := signed.Sign([]byte(text), pair.PrivateKey, chain[0], chain[1])
	if err != nil {
		o.Fatal(err)
	}
	return raw
}

// version is a profile of that version, whose visits have as many readings as it has digits left.
func version(n, readings int) string {
	return fmt.Sprintf("[profile]\nkiosks = [\"bhu-*\"]\nversion = %d\n[exam]\nreadings = %d\n", n, readings)
}

// runs says what a box runs on.
func runs(t *testing.T, s *Store, readings int, version uint64, trial bool) {
	t.Helper()
	l, err := s.Load()
	if err != nil || l.Exam.Readings != readings || l.Profile != version || l.Trial != trial {
		t.Errorf("runs on version %d (trial %t) with %d readings, want %d (%t) with %d: %v %s", l.Profile, l.Trial, l.Exam.Readings, version, trial, readings, err, l.Why)
	}
}

// TestTrial: a profile is tried and stays, or goes and is never taken again; a kiosk that begins three times with it without staying lets it go.
func TestTrial(t *testing.T) {
	o := open(t)
	s := boxOf(o.box)
	offer := func(n, readings int) error { _, err := s.Offer(o.sign(o.pair, version(n, readings)), nil); return err }
	runs(t, s, 2, 0, false)
	if err := offer(1, 1); err != nil {
		t.Fatal(err)
	}
	runs(t, s, 1, 1, true)
	if err := s.Confirm(); err != nil {
		t.Fatal(err)
	}
	runs(t, s, 1, 1, false)
	if err := offer(2, 3); err != nil {
		t.Fatal(err)
	}
	runs(t, s, 3, 2, true)
	if err := s.Reject("the cuff is gone"); err != nil {
		t.Fatal(err)
	}
	runs(t, s, 1, 1, false)
	if n, why, err := s.Refused(); n != 2 || why != "the cuff is gone" || err != nil {
		t.Errorf("%d %q %v", n, why, err)
	}
	for _, old := range []int{1, 2} {
		if err := offer(old, 3); !errors.Is(err, ErrOld) {
			t.Errorf("version %d again: %v", old, err)
		}
	}
	if err := offer(9, 3); err != nil {
		t.Fatal(err)
	}
	for range mostStarts {
		runs(t, s, 3, 9, true)
	}
	runs(t, s, 1, 1, false)
	if err := offer(9, 3); !errors.Is(err, ErrOld) {
		t.Errorf("what ended the kiosk, again: %v", err)
	}
}

// TestRefused: what is not signed by whom the kiosk trusts, as it is, for it, or cannot be, changes nothing.
func TestRefused(t *testing.T) {
	o, elsewhere := open(t), open(t)
	s := boxOf(o.box)
	good := o.sign(o.pair, version(5, 1))
	spoiled := append([]byte(nil), good...)
	spoiled[len(spoiled)/3] ^= 1
	gone := o.issue(authority.Signer, "profiles-0")
	if err := o.ca.Revoke(authority.Signer, "profiles-0", "left"); err != nil {
		t.Fatal(err)
	}
	lists, err := os.ReadFile(filepath.Join(o.dir, "ca.crl"))
	if err == nil {
		err = os.WriteFile(filepath.Join(o.box, "ca.crl"), lists, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{
		"nothing": nil, "not signed": []byte(version(5, 1)), "changed": spoiled, "half": good[:len(good)/2],
		"another authority's": elsewhere.sign(elsewhere.pair, version(5, 1)), "a kiosk's": o.sign(o.issue(authority.Kiosk, "bhu-9"), version(5, 1)),
		"a clinic's": o.sign(o.issue(authority.Clinic, "clinic-1"), version(5, 1)), "of a signer who was taken back": o.sign(gone, version(5, 1)),
		"another kiosk's": o.sign(o.pair, strings.Replace(version(5, 1), "bhu-*", "layyah-*", 1)), "four readings": o.sign(o.pair, version(5, 4)),
		"a name": o.sign(o.pair, "name = \"bhu-2\"\n"+version(5, 1)), "no version": o.sign(o.pair, "[exam]\nreadings = 1\n"),
		"in clear": o.sign(o.pair, version(5, 1)+"[broker]\nurl = \"tcp://h:1\"\n"),
	} {
		if _, err := s.Offer(raw, nil); err == nil {
			t.Errorf("%s: taken", name)
		}
		runs(t, s, 2, 0, false)
	}
	if _, err := s.Offer(good, nil); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// TestCutAtEveryStep: wherever the power goes while a profile comes, stays or goes, the kiosk runs on one of the two, and comes to its end with the next try or the same one.
func TestCutAtEveryStep(t *testing.T) {
	o := open(t)
	for _, reject := range []string{"", "1"} {
		t.Setenv("PROFILE_TEST_REJECT", reject)
		var steps []string
		s := o.prepared()
		s.step = func(step string) { steps = append(steps, numbered(len(steps)+1, step)) }
		if err := change(s); err != nil {
			t.Fatal(err)
		}
		if len(steps) < 8 {
			t.Fatalf("only %q", steps)
		}
		for _, step := range steps {
			t.Run(reject+step, func(t *testing.T) { o.cut(t, step) })
		}
	}
}

// prepared is a box on version 1 to which version 2 comes.
func (o *office) prepared() *Store {
	o.Helper()
	s := o.newBox()
	_, err := s.Offer(o.sign(o.pair, version(1, 1)), nil)
	if err == nil {
		_, err = s.Load()
	}
	if err == nil {
		err = errors.Join(s.Confirm(), os.WriteFile(filepath.Join(o.box, "..", "offer"), o.sign(o.pair, version(2, 3)), 0o600))
	}
	if err != nil {
		o.Fatal(err)
	}
	return s
}

func (o *office) cut(t *testing.T, step string) {
	o.prepared()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROFILE_TEST_DIR="+o.box, "PROFILE_TEST_STEP="+step)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("not cut: %v %s", err, out)
	}
	s := boxOf(o.box)
	l, err := s.Load()
	if err != nil || l.Profile == 0 || l.Why != "" {
		t.Fatalf("after the cut: version %d, %v %s", l.Profile, err, l.Why)
	}
	if l.Trial {
		if err := s.Confirm(); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(filepath.Join(o.box, "..", "offer"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Offer(raw, nil); err != nil && !errors.Is(err, ErrOld) {
		t.Error(err)
	} else if l.Profile == 2 && err == nil {
		t.Error("the same version was taken twice")
	}
	if l, err := s.Load(); err != nil || l.Profile != 1 && l.Profile != 2 {
		t.Errorf("in the end version %d, %v", l.Profile, err)
	}
}

// TestKeeper: what worked before has to work again within five minutes, or the profile goes; a visit is never interrupted.
func TestKeeper(t *testing.T) {
	o := open(t)
	for name, c := range map[string]struct {
		works []string
		busy  time.Duration // a visit from the start
		ends  time.Duration // when the kiosk begins anew; 0 is never
		stays bool
	}{
		"all works":                        {[]string{"link", "cuff"}, 0, 0, true},
		"the cuff does not":                {[]string{"link"}, 0, patience, false},
		"nothing does, during a visit":     {nil, 20 * time.Minute, 20 * time.Minute, false},
		"what the profile has not stays":   {[]string{"link", "cuff", "thermometer"}, 0, 0, true},
		"the link is not there any longer": {[]string{"cuff"}, 0, patience, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := o.newBox()
			if _, err := s.Offer(o.sign(o.pair, version(1, 1)), []string{"link", "cuff", "oximeter"}); err != nil {
				t.Fatal(err)
			}
			l, err := s.Load()
			if err != nil || strings.Join(l.Needs, " ") != "link cuff" { // there is no oximeter in the end
				t.Fatalf("%q, %v", l.Needs, err)
			}
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				k := &Keeper{
					Store: s, Trial: true, Needs: l.Needs, Working: func() []string { return c.works }, Log: slog.New(slog.DiscardHandler),
					Idle: func() bool { return time.Since(began) >= c.busy },
				}
				err := k.Run(ctx)
				if took := time.Since(began).Truncate(time.Minute); errors.Is(err, ErrReload) != !c.stays || !c.stays && took != c.ends.Truncate(time.Minute) {
					t.Errorf("%v after %s", err, took)
				}
			})
			want := uint64(0)
			if c.stays {
				want = 1
			}
			if l, err := s.Load(); err != nil || l.Profile != want || l.Trial {
				t.Errorf("in the end version %d (trial %t), %v", l.Profile, l.Trial, err)
			}
		})
	}
}

// TestADamagedProfileKeepsTheSeal: a kiosk whose profile can no longer be read measures by its own kiosk.toml, and does not go on in clear.
func TestADamagedProfileKeepsTheSeal(t *testing.T) {
	o := open(t)
	s := boxOf(o.box)
	text := version(1, 1) + "[broker]\nseal_to = [\"key\"]\n"
	_, err := s.Offer(o.sign(o.pair, text), nil)
	if err == nil {
		err = s.Confirm()
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(o.box, current), []byte("damaged"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Load()
	if err != nil || l.Why == "" || l.Profile != 0 || l.Exam.Readings != 2 || len(l.Broker.SealTo) != 1 || l.Broker.SealTo[0] != "key" {
		t.Errorf("version %d, %d readings, sealed to %q, %v", l.Profile, l.Exam.Readings, l.Broker.SealTo, err)
	}
}
