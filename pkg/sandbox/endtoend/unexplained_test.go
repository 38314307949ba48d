package endtoend_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/tidwall/gjson"

	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
)

// unexplained returns the records of writes that the audit log doesn't explain,
// and how many the metric counts. It also works when the test is over, and with it
// the test's own context.
func (w *world) unexplained() (records []record.Record, counted int) {
	w.t.Helper()
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(w.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/aws/lambda/keymend-diagnose")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range page.Events {
			var r record.Record
			if json.Unmarshal([]byte(*e.Message), &r) == nil && r.Schema == record.Schema && r.Outcome == outcome.UnexplainedWrite {
				records = append(records, r)
			}
			if gjson.Get(*e.Message, "Outcome").String() == string(outcome.UnexplainedWrite) {
				counted += int(gjson.Get(*e.Message, "Findings").Int())
			}
		}
	}
	return records, counted
}

// wantExplained fails if anything that Keymend itself wrote is unexplained: every
// test asks that when it ends.
func (w *world) wantExplained() {
	w.t.Helper()
	if records, _ := w.unexplained(); len(records) > 0 {
		w.t.Errorf("%d writes that nothing explains: %s", len(records), records[0].Reason)
	}
	w.wantBySchema()
}

// TestOwnWritesAreExplained: what Keymend writes comes back as events, and none of
// it is taken for somebody else's, or makes a record at all.
func TestOwnWritesAreExplained(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]option{
		"statements": nil, "a grant": {with("OwnKey", "grant")}, "a move": {with("DedicatedRoleSuffix", suffix)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, options...)
			w.broken("web-prod", w.key(rootOnly, enrolled))
			w.box.Advance(20 * time.Minute)
			if w.inService("web-prod") != 2 || w.looked() == 0 {
				t.Fatalf("looked for an intent %d times\n%v", w.looked(), w.story())
			}
			w.wantExplained()
			if slices.ContainsFunc(w.records(), func(r record.Record) bool { return r.Signal == "own-write" || r.Outcome == outcome.Ignored }) {
				t.Errorf("a record of a write that the log explains\n%v", w.story())
			}
		})
	}
}

// looked counts how often diagnose looked for an intent.
func (w *world) looked() int {
	n := 0
	for _, c := range w.box.Calls() {
		if c.Operation == "FilterLogEvents" && c.Error == "" && strings.Contains(c.Caller, "keymend-diagnose") {
			n++
		}
	}
	return n
}

// TestUnexplainedWrites is what somebody else does with a writer's role: IAM
// allows it, for the key is enrolled, and it can't look into the policy. It is on
// record, and counted.
func TestUnexplainedWrites(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		session func(healed string) string // by the remediation that healed the group
		key     func(w *world, healed string) string
		says    string
		wait    time.Duration
	}{
		"a session of another name": {
			session: func(string) string { return "intruder" },
			says:    "the session isn't named after a remediation", wait: 2 * time.Minute,
		},
		"a session of a remediation that never was": {
			session: func(string) string { return "keymend-r-0123456789abcdef" },
			says:    "has no intent of r-0123456789abcdef", wait: 10 * time.Minute,
		},
		"a remediation's session, for another key": {
			session: func(healed string) string { return "keymend-" + healed },
			key:     func(w *world, _ string) string { return w.key(rootOnly, enrolled) },
			says:    "doesn't name kms:PutKeyPolicy on arn:aws:kms:", wait: 10 * time.Minute,
		},
		"a remediation's session, when it is long over": {
			session: func(healed string) string { return "keymend-" + healed },
			key: func(w *world, healed string) string {
				w.box.Advance(time.Hour)
				return healed
			},
			says: "at that time", wait: 10 * time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, unwatched, edited(letTestsIn))
			key := w.key(rootOnly, enrolled)
			w.broken("web-prod", key)
			w.box.Advance(10 * time.Minute)
			healed := w.last(outcome.Fixed).RemediationID
			if tc.key != nil {
				key = tc.key(w, key)
			}
			th := &thief{copies: &copies{border: &border{world: w}}}
			th.wantDone("the intruder's write", th.putPolicy(w.assume(w.assume(w.cfg, permission.Remediate, "stolen", ""), permission.PolicyWriter, tc.session(healed), ""), key, false))
			w.box.Advance(tc.wait)
			records, counted := w.unexplained()
			if len(records) != 1 || counted != 1 {
				t.Fatalf("%d records, metric %d\n%v", len(records), counted, w.story())
			}
			r := records[0]
			if r.Key != key || r.Session != tc.session(healed) || !strings.HasSuffix(r.Principal, "keymend-policy-writer") || r.Account != account || !strings.Contains(r.Reason, tc.says) || !strings.Contains(r.Reason, "kms:PutKeyPolicy on "+key) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestRefusedWritesAreNone: what IAM refused changed nothing.
func TestRefusedWritesAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edited(letTestsIn))
	th := &thief{copies: &copies{border: &border{world: w}}}
	c := w.assume(w.assume(w.cfg, permission.Remediate, "stolen", ""), permission.PolicyWriter, "intruder", "")
	th.wantRefused("a key that isn't enrolled", th.putPolicy(c, w.key(rootOnly, nil), false), "kms:PutKeyPolicy", "identity-based policy")
	w.box.Advance(20 * time.Minute)
	w.wantExplained()
	if waits := w.waiting("keymend-signals"); waits != "0+0" {
		t.Errorf("%s events wait", waits)
	}
}

// TestWritesWithoutATrail: where no trail logs, nothing shows what roles wrote.
// docs/security.md says so.
func TestWritesWithoutATrail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edited(letTestsIn), switched(func(s *sandbox.Switches) { s.TrailLogs = false }))
	th := &thief{copies: &copies{border: &border{world: w}}}
	c := w.assume(w.assume(w.cfg, permission.Remediate, "stolen", ""), permission.PolicyWriter, "intruder", "")
	th.wantDone("the intruder's write", th.putPolicy(c, w.key(rootOnly, enrolled), false))
	w.box.Advance(20 * time.Minute)
	w.wantExplained()
}

// unwatched is for tests in which somebody else uses Keymend's roles, or that ask
// for themselves.
func unwatched(s *setup) { s.unwatched = true }
