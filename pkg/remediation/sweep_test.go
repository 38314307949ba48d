package remediation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/history"
	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
)

const (
	// open is a policy with AWS's two statements for the role.
	open = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + slr + `"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey","kms:CreateGrant"],"Resource":"*"}]}`

	noCapacity = "We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1a). Launching EC2 instance failed."
	noKey      = "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
)

// A fleet is what a test's account has, and what a sweep sent of it.
type fleet struct {
	groups []observe.Group
	course observe.Course
	err    error
	unread error    // the activities can't be read
	told   []string // lines of the log
	sent   []signal.Looks
	after  []time.Duration
	asked  []signal.Looks // once
	users  []signal.Users // of what the users were looked for
}

func (f *fleet) Told(_ context.Context, _, _ time.Time, each func(history.Entry)) error {
	for _, line := range f.told {
		if r, ok := record.ParseShort([]byte(line)); ok {
			each(history.Entry{At: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), Record: r})
		}
	}
	return f.err
}

func (f *fleet) Groups(context.Context) ([]observe.Group, error) { return f.groups, f.err }

func (f *fleet) Course(context.Context, string) (observe.Course, error) {
	return f.course, errors.Join(f.err, f.unread)
}

// Send implements remediation.Later.
func (f *fleet) Send(_ context.Context, looks signal.Looks, after time.Duration) error {
	f.sent, f.after = append(f.sent, looks), append(f.after, after)
	return f.err
}

// Once implements remediation.Later.
func (f *fleet) Once(_ context.Context, looks signal.Looks) error {
	f.asked = append(f.asked, looks)
	return f.err
}

func (f *fleet) Users(_ context.Context, of signal.Users) ([]observe.Group, error) {
	f.users = append(f.users, of)
	return f.groups, f.err
}

func (f *fleet) of(x *remediation.Fixer) {
	x.AWS.(*readers).fleet, x.Later = f, f
}

func sweep(full bool) signal.Sweep {
	return signal.Sweep{Event: signal.Event{Account: accountID, Region: region, Time: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}, Full: full}
}

// TestSweepHandsOn: a recent sweep hands on the groups that lack instances or were
// stopped, a full one all, each once, spread over a time that is shorter than the one
// to the next sweep.
func TestSweepHandsOn(t *testing.T) {
	t.Parallel()
	f := &fleet{}
	for i := range 2003 {
		f.groups = append(f.groups, observe.Group{Name: fmt.Sprintf("g-%d", i), Lacks: i%20 == 0, Stuck: i%500 == 1})
	}
	for _, full := range []bool{false, true} {
		f.sent, f.after = nil, nil
		if err := newWorld().looker(f.of).Sweep(t.Context(), sweep(full)); err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, g := range f.groups {
			if full || g.Lacks || g.Stuck {
				want = append(want, g.Name)
			}
		}
		for i, looks := range f.sent {
			got = append(got, looks.Groups...)
			if len(looks.Groups) > 25 || looks.Full != full || looks.Asked != sweep(full).Time {
				t.Errorf("%+v", looks)
			}
			if f.after[i] >= 15*time.Minute || i > 0 && f.after[i] < f.after[i-1] {
				t.Errorf("delays %v", f.after)
			}
			text, err := json.Marshal(looks)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := signal.Decode(text, "keymend-"); err != nil || !cmp.Equal(back, signal.Signal(looks)) {
				t.Errorf("%v, %v", back, err)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("full %v: %d groups, want %d", full, len(got), len(want))
		}
	}
}

// TestSweepThatMayNotList is on record; one that can't now comes again.
func TestSweepThatMayNotList(t *testing.T) {
	t.Parallel()
	w := newWorld()
	if err := w.looker((&fleet{err: denied("autoscaling:DescribeAutoScalingGroups")}).of).Sweep(t.Context(), sweep(true)); err != nil || len(w.records) != 1 || w.records[0].Outcome != outcome.NotPermitted {
		t.Errorf("%v, %+v", err, w.records)
	}
	if err := w.looker((&fleet{err: throttled()}).of).Sweep(t.Context(), sweep(true)); err == nil || len(w.records) != 1 {
		t.Errorf("%v, %+v", err, w.records)
	}
}

// TestSweptGroups: what a sweep's look at one group comes to.
func TestSweptGroups(t *testing.T) {
	t.Parallel()
	failed := func(texts ...string) []observe.Try {
		var out []observe.Try
		for _, text := range texts {
			out = append(out, observe.Try{StatusMessage: text, Time: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)})
		}
		return out
	}
	for name, tc := range map[string]struct {
		sweep  signal.Swept
		failed []observe.Try
		change func(*world)
		want   string // outcomes on record
		sent   int    // changes
		blind  bool   // the group isn't looked at
	}{
		"a key's text under one about capacity": {sweep: signal.Swept{Lacks: true}, failed: failed(noCapacity, noKey, noCapacity), want: "sent", sent: 1},
		"capacity only":                         {sweep: signal.Swept{Lacks: true}, failed: failed(noCapacity, noCapacity), blind: true},
		"capacity only, full":                   {sweep: signal.Swept{Lacks: true, Full: true}, failed: failed(noCapacity), want: "sent", sent: 1},
		"lacks, and nothing failed yet":         {sweep: signal.Swept{Lacks: true}, blind: true},
		"stopped":                               {want: "sent", sent: 1},
		"whole, and the next launch would fail": {sweep: signal.Swept{Full: true}, want: "sent", sent: 1},
		"nothing stands in the way":             {sweep: signal.Swept{Full: true}, change: func(w *world) { w.policy = open }},
		"nothing any more":                      {sweep: signal.Swept{Lacks: true}, failed: failed(noKey), change: func(w *world) { w.policy = open }},
		"not enrolled":                          {sweep: signal.Swept{Full: true}, change: func(w *world) { w.tags = nil }, want: "proposed"},
		"gone":                                  {sweep: signal.Swept{Full: true}, change: func(w *world) { w.launch.Group = "other" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			if tc.change != nil {
				tc.change(w)
			}
			seen := false
			w.before["Launch"] = func() { seen = true }
			look := signal.Look{Why: signal.WhySwept, Account: accountID, Region: region, Group: "web-prod", Sweep: &tc.sweep}
			if _, err := w.looker((&fleet{course: observe.Course{Failed: tc.failed}}).of).Diagnose(t.Context(), look); err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, r := range w.records {
				got += string(r.Outcome)
			}
			if got != tc.want || len(w.sent) != tc.sent || tc.blind == seen && name != "gone" {
				t.Errorf("records %q, %d sent, looked %v", got, len(w.sent), seen)
			}
		})
	}
}

// TestSweepsTellOnce: a proposal that a sweep finds again, as it was, makes no record;
// one that has changed does. Any other look tells each time.
func TestSweepsTellOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.tags = nil
	logged := reading(func(r *readers) {
		r.intents = func(_ context.Context, id string, _, _ time.Time) ([]string, error) {
			var lines []string
			for _, o := range w.records {
				o.Schema = record.Schema
				line, err := o.Line()
				if err != nil {
					return nil, err
				}
				if o.ID == id {
					lines = append(lines, string(line))
				}
			}
			return lines, nil
		}
	})
	x := w.looker((&fleet{}).of, logged)
	look := signal.Look{Why: signal.WhySwept, Account: accountID, Region: region, Group: "web-prod", Sweep: &signal.Swept{Full: true}}
	want := func(n int) {
		t.Helper()
		if _, err := x.Diagnose(t.Context(), look); err != nil {
			t.Fatal(err)
		}
		if len(w.records) != n || w.records[n-1].Phase != record.Finding {
			t.Errorf("%d records, want %d", len(w.records), n)
		}
	}
	want(1)
	want(1)
	want(1)
	w.policy = strings.Replace(rootOnly, "kms:*", "kms:List*", 1)
	want(2) // another plan
	want(2)
	look.Why, look.Sweep = signal.WhyLaunchUnsuccessful, nil
	want(3)
	want(4)
}

// TestASweepsChangeLooksAgain: a change that a sweep led to names the sweep as its
// signal, and no more of it. The look that follows in remediate is one like any other.
func TestASweepsChangeLooksAgain(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.tags = nil
	found, err := w.fixer().Diagnose(t.Context(), signal.Look{Why: signal.WhySwept, Account: accountID, Region: region, Group: "web-prod"})
	if err != nil || len(found) != 1 || found[0].Record.Outcome != outcome.Proposed || len(w.records) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}
