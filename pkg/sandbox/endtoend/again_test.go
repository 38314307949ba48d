package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/audit"
)

// TestSameEventAgain delivers the event of a launch that was healed since, many
// times over: nothing is written a second time.
func TestSameEventAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)
	after, writes := w.policy(key), w.writes()
	for range 200 {
		w.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod"))
	}
	w.box.Advance(time.Hour)
	if w.policy(key) != after || w.writes() != writes {
		t.Errorf("%d writes after, %d before\n%v", w.writes(), writes, w.story())
	}
}

// TestRemovedAgain holds that what a person took away within SQS's five minutes
// of deduplication is seen by a later look: the message of an equal step is
// dropped, the finding isn't.
func TestRemovedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, enrolled)
	before := w.policy(key)
	w.broken("web-prod", key)
	w.box.Advance(3 * time.Minute)
	if !w.opens(w.policy(key), role) {
		t.Fatalf("not healed\n%v", w.story())
	}
	w.putPolicy(key, before)
	w.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod"))
	w.box.Advance(10 * time.Second)
	if w.opens(w.policy(key), role) {
		t.Fatal("an equal step within five minutes wasn't dropped: the sandbox's SQS doesn't deduplicate")
	}
	w.box.Advance(10 * time.Minute)
	w.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod"))
	w.box.Advance(time.Minute)
	if !w.opens(w.policy(key), role) {
		t.Errorf("a later look didn't bring it up again\n%v", w.story())
	}
}

// TestTwoGroupsOneKey holds that one write serves all groups that need the key.
func TestTwoGroupsOneKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, enrolled)
	w.group("one", w.encryptedTemplate("one", key), "$Latest")
	w.group("two", w.encryptedTemplate("two", key), "$Latest")
	w.box.Advance(15 * time.Minute)
	if w.inService("one") != 2 || w.inService("two") != 2 || w.writes() != 1 {
		t.Errorf("%d and %d in service, %d writes\n%v", w.inService("one"), w.inService("two"), w.writes(), w.story())
	}
}

// TestByHand does what the field does by hand; Keymend then finds nothing to do.
func TestByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("Mode", "observe"))
	key := w.key(rootOnly, nil)
	w.broken("web-prod", key)
	w.box.Advance(5 * time.Minute)
	w.putPolicy(key, strings.Replace(rootOnly, `"Statement":[`, `"Statement":[
		{"Sid":"Allow service-linked role use of the customer managed key","Effect":"Allow","Principal":{"AWS":["`+role+`"]},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},
		{"Sid":"Allow attachment of persistent resources","Effect":"Allow","Principal":{"AWS":["`+role+`"]},"Action":["kms:CreateGrant"],"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}},`, 1))
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 2 {
		t.Fatalf("%d in service, want 2", n)
	}
	w.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod"))
	w.box.Advance(time.Minute)
	w.wantOutcome("web-prod", audit.CauseElsewhere)
	w.wantUntouched()
}

// TestKeyByGrantAgain holds that a grant that is there already is found, not
// made again.
func TestKeyByGrantAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("OwnKey", "grant"))
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)
	for range 20 {
		w.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod"))
	}
	w.box.Advance(time.Hour)
	out, err := w.kms.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: new(role)})
	must(t, err)
	if w.inService("web-prod") != 2 || len(out.Grants) != 1 || w.writes() != 1 {
		t.Errorf("%d in service, %d grants, %d writes\n%v", w.inService("web-prod"), len(out.Grants), w.writes(), w.story())
	}
}
