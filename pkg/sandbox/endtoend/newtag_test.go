package endtoend_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
)

// lateTags has a tag count for authorization as late as AWS says it may.
func lateTags() option {
	return switched(func(s *sandbox.Switches) { s.TagDelay = 5*time.Minute - time.Second })
}

func (w *world) tagKey(key string, tags map[string]string) {
	w.t.Helper()
	in := &kms.TagResourceInput{KeyId: &key}
	for k, v := range tags {
		in.Tags = append(in.Tags, kmstypes.Tag{TagKey: &k, TagValue: &v})
	}
	_, err := w.kms.TagResource(w.t.Context(), in)
	must(w.t, err)
}

// TestEnrolledAMomentAgo is a key whose owner enrolls it while its group fails:
// the tag shows before it counts for the writers' roles. The change comes again
// from the queue, and nobody has to do anything.
func TestEnrolledAMomentAgo(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]option{"statements": nil, "a grant": {with("OwnKey", "grant")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, append(options, lateTags())...)
			key := w.key(rootOnly, nil)
			w.broken("web-prod", key)
			w.box.Advance(2 * time.Minute)
			w.wantUntouched()
			w.tagKey(key, enrolled)
			w.box.Advance(31 * time.Second) // an old event is answered from what was read in the last 30
			w.again()
			w.box.Advance(20 * time.Second)
			if w.writes() != 0 || !w.refusedByTag() {
				t.Fatalf("the tag counts already: %d writes\n%v", w.writes(), w.story())
			}
			w.box.Advance(15 * time.Minute)
			if n := w.inService("web-prod"); n != 2 || w.writes() != 1 {
				t.Errorf("%d in service, %d writes\n%v", n, w.writes(), w.story())
			}
			if slices.ContainsFunc(w.records(), func(r record.Record) bool { return r.Outcome == outcome.NotPermitted }) {
				t.Errorf("taken for final\n%v", w.story())
			}
			if left := w.waiting("keymend-changes-dead.fifo"); left != "0+0" {
				t.Errorf("%s dead letters", left)
			}
		})
	}
}

// TestEnrolledAMomentAgoElsewhere is the same for a key of another account, whose
// policy is written there.
func TestEnrolledAMomentAgoElsewhere(t *testing.T) {
	t.Parallel()
	b := newBorder(t, true, lateTags())
	key := b.there.key(ownerPolicy(), nil)
	b.broken("web-prod", key)
	b.box.Advance(2 * time.Minute)
	b.wantUntouched()
	b.there.tagKey(key, consented)
	b.again()
	b.box.Advance(20 * time.Minute)
	if !b.refusedByTag() {
		t.Errorf("the tag counted at once\n%v", b.story())
	}
	b.wantHealed(key, 2)
}

// TestWriterWithoutPermission waits as long as for a tag and no longer; then it
// says that the tag isn't what is missing.
func TestWriterWithoutPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.revoke(permission.PolicyWriter, "kms:PutKeyPolicy", "arn:aws:kms:*:"+account+":key/*")
	w.broken("web-prod", w.key(rootOnly, enrolled))
	w.box.Advance(5 * time.Minute)
	if slices.ContainsFunc(w.records(), func(r record.Record) bool { return r.Outcome == outcome.NotPermitted }) {
		t.Errorf("it didn't wait\n%v", w.story())
	}
	w.box.Advance(3 * time.Minute)
	r := w.last(outcome.NotPermitted)
	for _, says := range []string{"kms:PutKeyPolicy", "more than the 5 minutes", "lacks the permission"} {
		if !strings.Contains(r.Reason, says) {
			t.Errorf("%s: doesn't say %q", r.Reason, says)
		}
	}
	if left := w.waiting("keymend-changes.fifo"); left != "0+0" {
		t.Errorf("%s messages wait", left)
	}
}

// refusedByTag reports whether a writer's role was refused.
func (w *world) refusedByTag() bool {
	for _, c := range w.box.Calls() {
		write := c.Operation == "PutKeyPolicy" || c.Operation == "CreateGrant"
		if write && strings.Contains(c.Message, "because no identity-based policy allows") && strings.Contains(c.Caller, "/keymend-r-") {
			return true
		}
	}
	return false
}
