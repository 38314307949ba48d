package endtoend_test

import (
	"strings"
	"testing"
	"time"
)

// TestHiddenKeyTold has a person hand over the key that only its owner can tell.
func TestHiddenKeyTold(t *testing.T) {
	t.Parallel()
	b := newBorder(t, false, with("Mode", "observe"))
	key := b.there.key(ownerPolicy(), nil)
	b.defaultKey(b.openKey())
	b.launches(b.sharedImage(b.there.snapshot(key), false))
	b.box.Advance(5 * time.Minute)
	for _, wrong := range []string{
		b.key(rootOnly, nil), strings.Replace(key, region, "us-east-1", 1), strings.Replace(key, owner, third, 1),
		strings.Replace(key, ":key/", ":alias/", 1), "alias/golden", "KEY",
	} {
		if code, said := b.keymend(account, "diagnose", "web-prod", "--key", wrong, "--apply"); code != 2 || !strings.Contains(said, wrong) {
			t.Errorf("%s: %d %s", wrong, code, said)
		}
	}
	// The owner's half isn't there: a person's word about the key doesn't make it so.
	code, said := b.keymend(account, "diagnose", "web-prod", "--key", key, "--apply")
	if code != 4 || len(b.grants(key)) != 0 || !strings.Contains(flat(said), "a person says that it is the key of snapshot") || !strings.Contains(flat(said), "doesn't let account "+account+" create the grant") {
		t.Errorf("%d %s", code, said)
	}
	b.there.putPolicy(key, ownerPolicy(useByRoot, byRoot))
	if code, said = b.keymend(account, "diagnose", "web-prod", "--key", key); code != 3 || len(b.grants(key)) != 0 || !strings.Contains(said, "keymend diagnose web-prod --apply --key="+key+" ") {
		t.Errorf("%d %s", code, said)
	}
	if code, said = b.keymend(account, "diagnose", "web-prod", "--key", key, "--apply"); code != 0 || len(b.grants(key)) != 1 {
		t.Errorf("%d %s", code, said)
	}
	b.box.Advance(10 * time.Minute)
	if n := b.inService("web-prod"); n != 2 {
		t.Errorf("%d in service", n)
	}
}
