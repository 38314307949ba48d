package remediation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
)

// A stage is a world in which one kind of change has been sent.
type stage struct {
	*world
	fixer   func() *remediation.Fixer
	message remediation.Message
	drop    func()      // the launch doesn't need the key any more
	back    func() bool // reports whether nothing of the change stands
	marked  string      // what of the change a mark tells ends with; "" = nothing tells
}

// stages are all kinds of change that diagnose sends.
func stages() map[string]func(*testing.T) *stage {
	own := func(way settings.OwnKey) func(*testing.T) *stage {
		return func(t *testing.T) *stage {
			t.Helper()
			w := newWorld()
			s := &stage{world: w, drop: func() { w.launch.Keys = nil }, back: func() bool { return w.policy == rootOnly && len(w.grants) == 0 }}
			s.fixer = func() *remediation.Fixer {
				return w.fixer(func(x *remediation.Fixer) { x.Settings.OwnKey = way })
			}
			w.diagnose(t, &s.fixer().Looker)
			s.message = wired(t, w.sent[0])
			return s
		}
	}
	moving := func(step string) func(*testing.T) *stage {
		return func(t *testing.T) *stage {
			t.Helper()
			m := newMover()
			s := &stage{world: m.world, fixer: func() *remediation.Fixer { return m.fixer() }, drop: func() { m.launch.Keys = nil }}
			s.message = m.upTo(t, step)
			s.back = func() bool { return m.made.IsZero() }
			if step == "UpdateGroup" {
				s.back = func() bool { return m.launch.Principal.ARN == slr }
			}
			return s
		}
	}
	copied := func(step, asked, marked string) func(*testing.T) *stage {
		return func(t *testing.T) *stage {
			t.Helper()
			c := newCopying(asked)
			s := &stage{world: c.world, marked: marked, fixer: func() *remediation.Fixer { return c.fixer() }}
			s.message = c.upTo(t, step)
			copies, versions := c.archive.ofKeymend()
			standard := c.archive.standard
			s.back = func() bool {
				i, v := c.archive.ofKeymend()
				return i == copies && v == versions && c.archive.standard == standard
			}
			s.drop = func() { // somebody names an image of their own, under a key of their own
				c.archive.images = append(c.archive.images, ec2types.Image{ImageId: new("ami-9"), OwnerId: new(accountID), BlockDeviceMappings: mapped("snap-9")})
				c.archive.snapshots = append(c.archive.snapshots, ec2types.Snapshot{SnapshotId: new("snap-9"), OwnerId: new(accountID), KmsKeyId: new(ownKey)})
				c.archive.versions = append(c.archive.versions, ec2types.LaunchTemplateVersion{LaunchTemplateId: new("lt-1"), VersionNumber: new(int64(99)), LaunchTemplateData: &ec2types.ResponseLaunchTemplateData{ImageId: new("ami-9")}})
				c.asked = "99"
			}
			return s
		}
	}
	return map[string]func(*testing.T) *stage{
		"statements": own(settings.OwnKeyPolicy), "a grant": own(settings.OwnKeyGrant), "both halves of another account's key": func(t *testing.T) *stage {
			t.Helper()
			b := newBorder()
			return &stage{
				world: b.world, fixer: func() *remediation.Fixer { return b.fixer() }, message: b.message(t), drop: func() { b.launch.Keys = nil },
				back: func() bool { return b.policy == ownerOnly && len(b.grants) == 0 },
			}
		},
		"a grant's end": ending, "a role": moving("EnsureServiceLinkedRole"), "a group": moving("UpdateGroup"),
		"a copy": copied("CopyImage", "$Latest", string(outcome.Copying)), "a version": copied("NewTemplateVersion", "$Latest", string(outcome.Moved)),
		"a default version": copied("SetDefaultVersion", "$Default", ""), "a version and the default": copied("NewTemplateVersion", "$Default", ""),
	}
}

// ending is a stage in which a grant has stood in for statements that its key's owner
// has added by now.
func ending(t *testing.T) *stage {
	t.Helper()
	w := newWorld()
	d, err := keypolicy.Parse(rootOnly)
	if err != nil {
		t.Fatal(err)
	}
	open, err := keypolicy.Allow(d, slr)
	if err != nil {
		t.Fatal(err)
	}
	w.policy = strings.ReplaceAll(open.After, "Keymend", "Someone")
	w.grants = []access.Grant{{ID: "g0", Name: "keymend-0", GranteePrincipal: slr, IssuingAccount: "arn:aws:iam::111122223333:root", Operations: []string{"Decrypt"}}}
	s := &stage{world: w, fixer: func() *remediation.Fixer { return w.fixer() }, drop: func() { w.launch.Keys = nil }, back: func() bool { return len(w.grants) == 1 }}
	if _, err := s.fixer().Looker.Diagnose(t.Context(), failure()); err != nil || stepsOf(w.sent) != "RetireGrant" {
		t.Fatalf("sent %q, %v", stepsOf(w.sent), err)
	}
	s.message = wired(t, w.sent[0])
	return s
}

// ofKeymend counts the copies, and the versions that name them.
func (a *archive) ofKeymend() (copies, versions int) {
	for _, i := range a.images {
		if i.SourceImageId != nil {
			copies++
		}
	}
	for _, v := range a.versions {
		if v.VersionDescription != nil {
			versions++
		}
	}
	return copies, versions
}

// upTo has a copying world's message of a kind sent.
func (c *copying) upTo(t *testing.T, step string) remediation.Message {
	t.Helper()
	next := func() remediation.Message {
		c.sent = nil
		if _, err := c.fixer().Diagnose(t.Context(), failure()); err != nil || len(c.sent) != 1 {
			t.Fatalf("sent %q, %v: %s", stepsOf(c.sent), err, c.records[len(c.records)-1].Reason)
		}
		m := wired(t, c.sent[0])
		c.records, c.sent = nil, nil
		return m
	}
	m := next()
	if step != "CopyImage" {
		if _, err := c.fixer().Remediate(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		c.archive.ready()
		m = next()
	}
	if step == "SetDefaultVersion" { // the function ended between the two steps
		c.before["before Default"] = func() { c.fail["before Default"] = throttled() }
		if _, err := c.fixer().Remediate(t.Context(), m); err == nil {
			t.Fatal("not killed")
		}
		delete(c.before, "before Default")
		delete(c.fail, "before Default")
		m = next()
	}
	if m.Steps[0].Kind() != step {
		t.Fatalf("%s was sent, not %s", m.Steps[0].Kind(), step)
	}
	return m
}

// killed carries out a stage's message up to where the function ends: everything is
// written, and the outcome isn't on record.
func (s *stage) killed(t *testing.T) {
	t.Helper()
	s.records, s.message.Delivery = nil, remediation.Delivery{Sent: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Receives: 1}
	s.noteErr = killedAtTheOutcome
	if r, err := s.fixer().Remediate(t.Context(), s.message); err == nil || s.back() {
		t.Fatalf("%s %s, %v", r.Outcome, r.Reason, err)
	}
	s.noteErr, s.message.Delivery.Receives = nil, 2
	s.sent = nil
}

// wantUndone fails unless a record, as the log has it, takes the change back.
func (s *stage) wantUndone(t *testing.T, r record.Record) {
	t.Helper()
	u, err := s.fixer().Undo(t.Context(), logged(t, r))
	if err != nil || u.Outcome != outcome.Undone || !s.back() {
		t.Errorf("undone by the %s, %s: %s %s, %v", r.Phase, r.Outcome, u.Outcome, u.Reason, err)
	}
}

// Fault: what stood when a message came again was called fixed by it, though
// somebody else may have written it. Now it only stands, with the way to take it
// back; only a mark of the remediation's own tells that an earlier delivery wrote it.
func TestWhatStandsWasClaimed(t *testing.T) {
	t.Parallel()
	for name, begin := range stages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.killed(t)
			r, err := s.fixer().Remediate(t.Context(), s.message)
			want, says := outcome.Stands, "an earlier delivery of this change wrote it and ended before it could say so, or somebody else did"
			if s.marked != "" {
				want, says = outcome.Outcome(s.marked), "an earlier delivery of this change had written it"
			}
			if err != nil || r.Outcome != want || !strings.Contains(r.Reason, says) {
				t.Errorf("%s %q, %v; want %s, %q", r.Outcome, r.Reason, err, want, says)
			}
			if r.RemediationID != plan.RemediationID(s.message.Digest) || r.RemediationID != s.records[0].RemediationID || r.Phase != record.Result {
				t.Errorf("%s of %s, intent of %s", r.Phase, r.RemediationID, s.records[0].RemediationID)
			}
			s.wantUndone(t, r)
		})
	}
}

// Fault: the same on a first delivery, before which nothing of it can be its own.
func TestWhatStoodBeforeWasClaimed(t *testing.T) {
	t.Parallel()
	for name, begin := range stages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.killed(t)
			s.message.Delivery.Receives = 1 // somebody else did it all
			r, err := s.fixer().Remediate(t.Context(), s.message)
			if err != nil || r.Outcome != outcome.Superseded || len(r.Undo) > 0 || s.back() {
				t.Errorf("%s %q, undo %v, %v", r.Outcome, r.Reason, r.Undo, err)
			}
		})
	}
}

// What somebody else does between the intent and the write isn't claimed either.
func TestWhatIsDoneMeanwhileIsNotClaimed(t *testing.T) {
	t.Parallel()
	all := stages()
	for _, name := range []string{"statements", "a group", "a default version", "a grant's end"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := all[name](t)
			s.message.Delivery = remediation.Delivery{Sent: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Receives: 1}
			s.noteErr = func(record.Record) error {
				s.noteErr = nil
				_, err := s.fixer().Remediate(t.Context(), s.message)
				return err
			}
			r, err := s.fixer().Remediate(t.Context(), s.message)
			if err != nil || r.Outcome != outcome.Stands || !strings.Contains(r.Reason, "somebody else did it") {
				t.Errorf("%s %q, %v", r.Outcome, r.Reason, err)
			}
		})
	}
}

// Fault: a copy that another remediation made was taken for the message's own, and
// would have been taken away with it.
func TestSomebodyElsesCopyWasClaimed(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"CopyImage", "NewTemplateVersion"} {
		c := newCopying("$Latest")
		m := c.upTo(t, step)
		if r, err := c.fixer().Remediate(t.Context(), m); err != nil || r.Outcome != outcome.Copying && r.Outcome != outcome.Moved {
			t.Fatalf("%s: %s %s, %v", step, r.Outcome, r.Reason, err)
		}
		for i := range c.archive.images {
			c.archive.images[i].Tags = marked(c.archive.images[i].Tags)
		}
		for i, v := range c.archive.versions[1:] {
			c.archive.versions[i+1].VersionDescription = new(strings.Replace(*v.VersionDescription, "(r-", "(r-other-", 1))
		}
		m.Delivery.Receives = 2
		r, err := c.fixer().Remediate(t.Context(), m)
		if err != nil || r.Outcome != outcome.Superseded || len(r.Undo) > 0 || strings.Contains(r.Reason, "an earlier delivery") {
			t.Errorf("%s: %s %q, undo %v, %v", step, r.Outcome, r.Reason, r.Undo, err)
		}
	}
}

// marked are the tags of a copy that another remediation made.
func marked(tags []ec2types.Tag) []ec2types.Tag {
	var out []ec2types.Tag
	for _, t := range tags {
		if *t.Key == "keymend-remediation" {
			t.Value = new("r-other")
		}
		out = append(out, t)
	}
	return out
}

// Fault: the same of a grant and a role that AWS shows to be older than the message.
func TestWhatIsOlderThanTheMessageWasClaimed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a grant", "a role"} {
		s := stages()[name](t)
		s.killed(t)
		for i := range s.grants {
			s.grants[i].Created = time.Date(2026, 3, 2, 9, 0, 5, 0, time.UTC)
		}
		s.message.Delivery.Sent = time.Date(2026, 3, 2, 9, 0, 10, 0, time.UTC)
		r, err := s.fixer().Remediate(t.Context(), s.message)
		if err != nil || r.Outcome != outcome.Superseded || len(r.Undo) > 0 {
			t.Errorf("%s: %s %q, undo %v, %v", name, r.Outcome, r.Reason, r.Undo, err)
		}
	}
}

// Fault: the group was gone, or launched without the key by now, when the message
// came again: nothing said any more how to take back what stood.
func TestWhatStandsWasForgotten(t *testing.T) {
	t.Parallel()
	for name, begin := range stages() {
		for what, since := range map[string]func(*stage){
			"the group is gone":        func(s *stage) { s.launch.Group = "another" },
			"the group is going":       func(s *stage) { s.launch.Deleting = true },
			"the key isn't needed":     func(s *stage) { s.drop() },
			"reading is forbidden":     func(s *stage) { s.fail["Launch"] = denied("autoscaling:DescribeAutoScalingGroups") },
			"the key's consent is off": func(s *stage) { s.tags = nil },
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				t.Parallel()
				s := begin(t)
				s.killed(t)
				since(s)
				r, err := s.fixer().Remediate(t.Context(), s.message)
				if unreadable := r.Outcome == outcome.Ignored || r.Outcome == outcome.NotPermitted; name == "a group" && unreadable && len(r.Undo) == 0 {
					return // as which role it launches can't be read
				}
				if err != nil || len(r.Undo) == 0 || r.RemediationID != plan.RemediationID(s.message.Digest) {
					t.Fatalf("%s %q, undo %v, %v", r.Outcome, r.Reason, r.Undo, err)
				}
				delete(s.fail, "Launch")
				s.launch.Group, s.launch.Deleting = "web-prod", false
				s.wantUndone(t, r)
			})
		}
	}
}

// Fault: of a grant on a key of the own account the intent said nothing by which it
// could be taken back. A function that ended right after it left a grant that nobody
// could find.
func TestTheIntentDidNotCoverGrants(t *testing.T) {
	t.Parallel()
	for name, begin := range stages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.killed(t)
			intent := s.records[0]
			if len(s.records) != 1 || intent.Phase != record.Intent || len(intent.Undo) == 0 {
				t.Fatalf("%v, undo %v", outcomes(s.records), intent.Undo)
			}
			s.wantUndone(t, intent)
			if u, err := s.fixer().Undo(t.Context(), logged(t, intent)); err != nil || !strings.Contains(u.Reason, "gone already") && name != "a grant's end" || !s.back() {
				t.Errorf("once more: %s %s, %v", u.Outcome, u.Reason, err)
			}
		})
	}
	// A grant of another name, and one of nobody's, stay.
	s := stages()["a grant"](t)
	s.killed(t)
	intent, grants := s.records[0], s.grants
	s.grants[0].Name = "theirs"
	if u, err := s.fixer().Undo(t.Context(), logged(t, intent)); err != nil || u.Outcome != outcome.Undone || len(s.grants) != len(grants) {
		t.Errorf("%s %s, %v, %d grants", u.Outcome, u.Reason, err, len(s.grants))
	}
}

// Fault: a fresh plan about another target was carried out under the lock of the
// message's own, beside whoever held the other's. Now it goes through the queue.
func TestAFreshPlanTookAnotherTargetsLock(t *testing.T) {
	t.Parallel()
	t.Run("the role of a move is gone", func(t *testing.T) {
		t.Parallel()
		m := newMover()
		message := m.upTo(t, "UpdateGroup")
		created, updates, puts := m.created, m.updates, m.puts
		message.Delivery.Receives = 1
		m.made = time.Time{}
		r, err := m.fixer().Remediate(t.Context(), message)
		if err != nil || r.Outcome != outcome.Superseded || m.created != created || m.updates != updates || m.puts != puts || len(m.opened) != 2 {
			t.Errorf("%s %s, %v: %d roles made, %d sessions", r.Outcome, r.Reason, err, m.created-created, len(m.opened))
		}
		wantSent(t, m.world, message, "EnsureServiceLinkedRole")
	})
	t.Run("the copy is ready", func(t *testing.T) {
		t.Parallel()
		c := newCopying("$Latest")
		message := c.upTo(t, "CopyImage")
		if _, err := c.fixer().Remediate(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		c.archive.ready()
		c.records, message.Delivery.Receives = nil, 1
		r, err := c.fixer().Remediate(t.Context(), message)
		if err != nil || r.Outcome != outcome.Superseded || c.archive.written != 0 || c.archive.copied != 1 {
			t.Errorf("%s %s, %v: %d versions", r.Outcome, r.Reason, err, c.archive.written)
		}
		wantSent(t, c.world, message, "NewTemplateVersion")
	})
	t.Run("the settings copy by now", func(t *testing.T) {
		t.Parallel()
		c := newCopying("$Latest")
		c.tags["keymend-accounts"] = accountID
		message := c.message(t) // opens the key
		c.records, c.sent, message.Delivery.Receives = nil, nil, 1
		r, err := c.fixer().Remediate(t.Context(), message)
		if err != nil || r.Outcome != outcome.Superseded || c.writes() != 0 || c.archive.copied != 0 {
			t.Errorf("%s %s, %v: %d writes", r.Outcome, r.Reason, err, c.writes()+c.archive.copied)
		}
		wantSent(t, c.world, message, "CopyImage")
	})
	t.Run("nobody reads the queue", func(t *testing.T) {
		t.Parallel()
		c := newCopying("$Latest")
		c.tags["keymend-accounts"] = accountID
		message := c.message(t)
		c.records, message.Delivery.Receives = nil, 1
		r, err := c.fixer(func(x *remediation.Fixer) { x.Queue = remediation.Nobody{} }).Remediate(t.Context(), message)
		if err != nil || r.Outcome != outcome.Superseded || c.writes() != 0 || c.archive.copied != 0 {
			t.Errorf("%s %s, %v", r.Outcome, r.Reason, err)
		}
	})
	t.Run("the queue is throttled", func(t *testing.T) {
		t.Parallel()
		c := newCopying("$Latest")
		c.tags["keymend-accounts"] = accountID
		message := c.message(t)
		c.fail["Send"], message.Delivery.Receives = throttled(), 1
		if _, err := c.fixer().Remediate(t.Context(), message); !errors.Is(err, c.fail["Send"]) || c.writes() != 0 || c.archive.copied != 0 {
			t.Errorf("%v", err)
		}
	})
}

// wantSent fails unless a step, and no other, was handed to whoever holds its lock.
func wantSent(t *testing.T, w *world, by remediation.Message, step string) {
	t.Helper()
	if len(w.sent) != 1 || w.sent[0].Steps[0].Kind() != step || w.sent[0].FIFOGroup() == by.FIFOGroup() {
		t.Errorf("sent %q, want %s once", stepsOf(w.sent), step)
	}
}
