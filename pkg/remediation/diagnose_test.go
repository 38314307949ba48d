package remediation_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"keymend/pkg/access"
	"keymend/pkg/guard"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
)

func mode(m settings.Mode) func(*remediation.Fixer) {
	return func(x *remediation.Fixer) { x.Settings.Mode = m }
}

func TestDiagnose(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		world  func(*world)
		change func(*remediation.Fixer)
		want   outcome.Outcome
		says   string
		sends  int
	}{
		"enforce":       {nil, nil, outcome.Sent, "", 1},
		"observe":       {nil, mode("observe"), outcome.Observed, "observe", 0},
		"no mode":       {nil, mode(""), outcome.Observed, "observe", 0},
		"propose":       {nil, mode("propose"), outcome.Proposed, "approve", 0},
		"no consent":    {func(w *world) { w.tags = map[string]string{} }, nil, outcome.Proposed, "aws kms tag-resource --key-id " + keyARN, 0},
		"ignored":       {func(w *world) { w.tags = map[string]string{"keymend": "ignore"} }, nil, outcome.Refused, "keymend=ignore", 0},
		"all keys":      {func(w *world) { w.tags = map[string]string{} }, func(x *remediation.Fixer) { x.Settings.Scope = settings.AllKeys }, outcome.Sent, "", 1},
		"switched off":  {func(w *world) { w.sw = guard.SwitchOff }, nil, outcome.Proposed, "switch", 0},
		"no queue":      {nil, func(x *remediation.Fixer) { x.Queue = remediation.Nobody{} }, outcome.Fixable, "", 0},
		"disabled":      {func(w *world) { w.state = "Disabled" }, nil, outcome.NoFix, "enable-key", 0},
		"no such key":   {func(w *world) { w.fail["Key"] = keystate.ErrKeyNotFound }, nil, outcome.NoFix, "no such KMS key", 0},
		"key not known": {func(w *world) { w.launch.Keys = []launch.Key{key("")} }, nil, outcome.NoFix, "can't all be told", 0},
		"no key":        {func(w *world) { w.launch.Keys = nil }, nil, outcome.NothingToDo, "(kms-access) may be about a key", 0},
		"EC2 refuses":   {func(w *world) { w.launch.Keys = nil; w.launch.Refused = "InvalidParameterDependency" }, nil, outcome.CauseElsewhere, "InvalidParameterDependency", 0},
		"group gone":    {func(w *world) { w.launch.Group = "other" }, nil, outcome.Ignored, "no such Auto Scaling group", 0},
		"group going":   {func(w *world) { w.launch.Deleting = true }, nil, outcome.Ignored, "being deleted", 0},
		"may not read":  {func(w *world) { w.fail["Key"] = denied("kms:DescribeKey") }, nil, outcome.NotPermitted, "AWS refused kms:DescribeKey", 0},
		"may not send":  {func(w *world) { w.fail["Send"] = denied("sqs:SendMessage") }, nil, outcome.NotPermitted, "AWS refused sqs:SendMessage", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			if tc.world != nil {
				tc.world(w)
			}
			x := w.fixer()
			if tc.change != nil {
				tc.change(x)
			}
			_, err := x.Looker.Diagnose(t.Context(), failure())
			if err != nil {
				t.Fatal(err)
			}
			if len(w.records) != 1 || len(w.sent) != tc.sends || w.writes() != 0 {
				t.Fatalf("%d records, %d sent, %d writes", len(w.records), len(w.sent), w.writes())
			}
			r := w.records[0]
			if r.Outcome != tc.want || !strings.Contains(r.Reason, tc.says) || r.Phase != record.Finding {
				t.Errorf("%s %s: %s", r.Phase, r.Outcome, r.Reason)
			}
			if r.ID == "" || r.Group != "web-prod" || r.Signal != "launch-unsuccessful" || r.Message != invalid || r.Failed != "2026-11-23T09:00:00Z" {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestALateEventIsNoOtherCause: an event about a failure from before the key was open
// comes late, and more than once. Only a text about something else is another cause.
func TestALateEventIsNoOtherCause(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]outcome.Outcome{
		invalid: outcome.NothingToDo, "Client.InternalError: Client error on launch": outcome.NothingToDo, "Server.InternalError: Internal error on launch": outcome.NothingToDo,
		"words that nobody knows": outcome.NothingToDo, "We currently do not have sufficient m5.large capacity in the Availability Zone you requested": outcome.NotKMS,
	} {
		w := newWorld()
		d, err := keypolicy.Parse(w.policy)
		if err != nil {
			t.Fatal(err)
		}
		open, err := keypolicy.Allow(d, slr)
		if err != nil {
			t.Fatal(err)
		}
		w.policy = open.After
		late := failure()
		late.Text = text
		for range 2 {
			found, err := w.looker().Diagnose(t.Context(), late)
			if err != nil || len(found) != 1 || found[0].Record.Outcome != want || want != outcome.NotKMS && found[0].Record.Decision != access.Allowed {
				t.Errorf("%s: %+v, %v", text, found, err)
			}
		}
	}
}

func TestFindingRecordSaysWhatWasSeen(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.launch.Suspended = &launch.Suspension{Reason: "Administratively suspended"}
	r := w.diagnose(t, w.looker())
	switch {
	case r.Key != keyARN, r.Principal != slr, r.PrincipalID == "", r.KeyState != "Enabled", len(r.Because) != 1:
		t.Errorf("what: %+v", r)
	case r.Decision != access.Denied, len(r.Missing[access.Denied]) != 3, len(r.Trace) == 0, len(r.NearMisses) == 0:
		t.Errorf("why: %+v", r)
	case r.Plan == nil, r.Verdict == nil, r.Digest == "", r.Consent == "", r.OthersAffected != 0, r.RemediationID == "":
		t.Errorf("plan: %+v", r)
	case r.Suspended == "", r.Cause != "kms-access", r.Mode != "enforce":
		t.Errorf("group: %+v", r)
	}
}

// Two ways of writing one key down are one key, with what both need.
func TestOneKeyIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.launch.Keys = []launch.Key{key("alias/platform-ebs", "CreateGrant"), key(keyARN, "Decrypt")}
	r := w.diagnose(t, w.looker())
	if len(w.sent) != 1 || len(r.Because) != 2 || len(r.Missing[access.Denied]) != 2 {
		t.Errorf("%d sent, %v, %v", len(w.sent), r.Because, r.Missing)
	}
}

func TestTransientComesAgain(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"View", "Launch", "Role", "Key", "Switch", "Send"} {
		w := newWorld()
		w.fail[where] = &smithy.GenericAPIError{Code: "ThrottlingException"}
		if _, err := w.looker().Diagnose(t.Context(), failure()); err == nil {
			t.Errorf("%s: no error", where)
		}
		if len(w.records) != 0 {
			t.Errorf("%s: recorded %v", where, outcomes(w.records))
		}
	}
	w := newWorld()
	w.noteErr = func(record.Record) error { return errors.New("disk full") }
	if _, err := w.looker().Diagnose(t.Context(), failure()); err == nil {
		t.Error("a record was lost, and nobody heard")
	}
}

// A queue that takes no such message won't take it next time: that is a record,
// not five deliveries and a dead letter without a word.
func TestSendIsRefused(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]outcome.Outcome{
		"InvalidParameterValue": outcome.Failed, "QueueDoesNotExist": outcome.Failed, "AccessDenied": outcome.NotPermitted,
		"ThrottlingException": "", "ExpiredTokenException": "",
	} {
		w := newWorld()
		w.fail["Send"] = &smithy.GenericAPIError{Code: code, Message: "Message must be shorter than 262144 bytes."}
		_, err := w.looker().Diagnose(t.Context(), failure())
		if (err == nil) != (want != "") {
			t.Errorf("%s: %v", code, err)
		}
		if want != "" && (len(w.records) != 1 || w.records[0].Outcome != want || !strings.Contains(w.records[0].Reason, "262144")) {
			t.Errorf("%s: %+v", code, w.records)
		}
	}
}

// An answer that stays the same however often the question is asked ends as a
// record, at the look and at the write; it isn't five deliveries and a dead
// letter.
func TestFinalErrorsAreRecorded(t *testing.T) {
	t.Parallel()
	final := &smithy.GenericAPIError{Code: "ValidationException", Message: "no such thing"}
	for _, where := range []string{"Launch", "Role", "Key"} {
		w := newWorld()
		m := w.message(t)
		w.records = nil
		w.fail[where] = final
		if r := w.diagnose(t, w.fixer()); r.Outcome != outcome.Failed || !strings.Contains(r.Reason, "no such thing") {
			t.Errorf("%s: %s %s", where, r.Outcome, r.Reason)
		}
		if r, err := w.fixer().Remediate(t.Context(), m); err != nil || r.Outcome != outcome.Failed || len(w.records) != 2 || w.writes() != 0 {
			t.Errorf("%s: %s, %v", where, r.Outcome, err)
		}
	}
	for _, where := range []string{"Open", "Put", "Get"} {
		w := newWorld()
		m := w.message(t)
		w.records, w.fail[where] = nil, final
		if r, err := w.fixer().Remediate(t.Context(), m); err != nil || r.Outcome != outcome.Failed || len(w.records) != 2 || w.writes() != 0 {
			t.Errorf("%s: %s, %v, %v", where, r.Outcome, err, outcomes(w.records))
		}
	}
}
