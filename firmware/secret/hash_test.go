package secret

import (
	"strings"
	"testing"
)

func TestHashes(t *testing.T) {
	good := Hash("6174")
	for name, bad := range map[string]string{
		"empty": "", "another kind": "$2b$12$abc", "a cost that stops the kiosk": strings.Replace(good, "m=19456", "m=4194304", 1),
		"cut": good[:len(good)-30], "no passes": strings.Replace(good, "t=2", "t=0", 1),
	} {
		if Check(bad) == nil || Matches(bad, "6174") {
			t.Errorf("%s: taken", name)
		}
	}
	if err := Check(good); err != nil || good == Hash("6174") || Matches(good, "6175") {
		t.Errorf("a good one: %v", err)
	}
}
