package dispatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/history"
	"keymend/pkg/record"
	"keymend/pkg/remediation/dispatch"
	"keymend/pkg/signal"
)

const hub, home = "999900001111", "eu-west-1"

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// A world is an organization, and the log of its hub. It is safe for concurrent use.
type world struct {
	mu       sync.Mutex
	accounts []dispatch.Account
	groups   map[string]int   // by account and Region
	fails    map[string]error // by account and Region, or by account
	listing  error
	slow     bool             // a page of accounts takes long
	clock    time.Time        // of the function
	unread   map[string]error // by pattern
	now      time.Time        // of the log
	log      []logged
	calls    map[string]int
	sent     []signal.Looks
	after    []time.Duration
	over     []string // account and Region, in the order of their ends
	regions  []string
}

type logged struct {
	at   time.Time
	text string
}

func newWorld(accounts, regions int) *world {
	w := &world{groups: map[string]int{}, fails: map[string]error{}, unread: map[string]error{}, now: start, calls: map[string]int{}}
	for i := range accounts {
		w.accounts = append(w.accounts, dispatch.Account{ID: fmt.Sprintf("%012d", 1_000_000+i), State: "ACTIVE"})
	}
	w.regions = append(w.regions, home)
	for i := 1; i < regions; i++ {
		w.regions = append(w.regions, fmt.Sprintf("us-east-%d", i))
	}
	return w
}

func (w *world) dispatcher() *dispatch.Dispatcher {
	return &dispatch.Dispatcher{Accounts: w.list, Past: w.past, Send: w.send, Over: w.look, Write: w.write, Regions: w.regions, Mode: "observe", Now: func() time.Time { return w.clock }}
}

func (w *world) list(_ context.Context, next string) ([]dispatch.Account, string, error) {
	const page = 20
	w.calls["list"]++
	if w.slow {
		w.clock = w.clock.Add(15 * time.Second)
	}
	from := 0
	if _, err := fmt.Sscanf(next+" ", "%d ", &from); next != "" && err != nil {
		return nil, "", err
	}
	if w.listing != nil {
		return nil, "", w.listing
	}
	to := min(from+page, len(w.accounts))
	if to == len(w.accounts) {
		return w.accounts[from:], "", nil
	}
	return w.accounts[from:to], fmt.Sprint(to), nil
}

func (w *world) past(_ context.Context, q record.Query, from, to time.Time, each func(history.Entry)) error {
	w.calls["read"]++
	if err := w.unread[q.Pattern()]; err != nil {
		return err
	}
	pattern := q.Pattern()
	for _, line := range w.log {
		fits := pattern == `{ $.phase = "sweep" }` && strings.Contains(line.text, `"phase":"sweep"`) || pattern == `{ $.id = "f-*" }` && strings.Contains(line.text, `"id":"f-`)
		if fits && !line.at.Before(from) && line.at.Before(to) {
			if r, ok := record.ParseShort([]byte(line.text)); ok {
				each(history.Entry{At: line.at, Record: r})
			}
		}
	}
	return nil
}

func (w *world) send(_ context.Context, all []signal.Looks, after []time.Duration) error {
	w.calls["send"] += (len(all) + 9) / 10
	w.sent, w.after = append(w.sent, all...), append(w.after, after...)
	return nil
}

func (w *world) look(_ context.Context, s signal.Sweep) (int, error) {
	at := s.Account + " " + s.Region
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls["look"]++
	w.over = append(w.over, at)
	return w.groups[at], errors.Join(w.fails[at], w.fails[s.Account])
}

func (w *world) write(_ context.Context, r record.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.Schema, r.Time = record.Schema, w.now
	text, err := r.Line()
	w.log = append(w.log, logged{w.now, string(text)})
	return err
}

// sweep has a sweep handed on, and looks over what it was handed to.
func (w *world) sweep(t *testing.T, full bool) {
	t.Helper()
	w.hand(t, full)
	d := w.dispatcher()
	for len(w.sent) > 0 {
		one := w.sent[0]
		w.sent, w.after = w.sent[1:], w.after[1:]
		if err := d.Account(t.Context(), one); err != nil {
			t.Log(err)
		}
	}
}

func (w *world) hand(t *testing.T, full bool) {
	t.Helper()
	w.sent, w.after, w.over = nil, nil, nil
	event := signal.Event{ID: "e", Account: hub, Region: home, Time: w.now}
	if err := w.dispatcher().Sweep(t.Context(), signal.Sweep{Event: event, Full: full}); err != nil {
		t.Fatal(err)
	}
}

// newest returns what the newest record of a sweep says.
func (w *world) newest(t *testing.T) (record.Record, record.SweepOf) {
	t.Helper()
	for _, line := range slices.Backward(w.log) {
		var r record.Record
		if err := json.Unmarshal([]byte(line.text), &r); err != nil {
			t.Fatal(err)
		}
		if r.Sweep != nil && r.Account == "" {
			return r, *r.Sweep
		}
	}
	t.Fatal("no sweep is on record")
	return record.Record{}, record.SweepOf{}
}

func denied(action string) error {
	return &smithy.OperationError{ServiceID: "STS", OperationName: strings.TrimPrefix(action, "sts:"), Err: &smithy.GenericAPIError{Code: "AccessDenied", Message: "User: x is not authorized to perform: " + action}}
}

func throttled() error {
	return &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}
}

// TestRecentSweepsGoWhereGroupsAre: the first sweep goes everywhere, recent ones to where
// groups were found or findings are open and to accounts that are new, the next full one
// everywhere again, and so does a recent one where a full one is missing.
func TestRecentSweepsGoWhereGroupsAre(t *testing.T) {
	t.Parallel()
	w := newWorld(5, 3)
	one, two, three := w.accounts[1].ID, w.accounts[2].ID, w.accounts[3].ID
	w.groups[one+" "+home], w.groups[two+" us-east-2"] = 2, 1
	w.accounts[4].State = "SUSPENDED"
	everywhere := func() {
		t.Helper()
		if _, of := w.newest(t); len(w.over) != 4*3 || !of.All || len(of.Accounts) != 4 || len(of.Skipped) != 1 || !strings.HasSuffix(of.Skipped[0], "is SUSPENDED") || of.Messages != 4 {
			t.Errorf("%v, %+v", w.over, of)
		}
	}
	w.sweep(t, false)
	everywhere()
	where := []string{one + " " + home, two + " us-east-2"}
	for range 20 {
		w.now = w.now.Add(15 * time.Minute)
		w.sweep(t, false)
		if diff := cmp.Diff(where, w.over); diff != "" {
			t.Fatal(diff)
		}
	}
	w.log = append(w.log, logged{w.now, `{"schema":"keymend.audit/2","phase":"finding","outcome":"proposed","id":"f-1","account":"` + three + `","region":"us-east-1","group":"gone"}`})
	w.accounts = append(w.accounts, dispatch.Account{ID: "555500006666", State: "ACTIVE"})
	w.groups["555500006666 us-east-1"] = 1
	w.sweep(t, false)
	slices.Sort(w.over)
	want := append(slices.Clone(where), three+" us-east-1", "555500006666 "+home, "555500006666 us-east-1", "555500006666 us-east-2")
	if diff := cmp.Diff(want, w.over); diff != "" {
		t.Error(diff)
	}
	w.now = w.now.Add(15 * time.Minute)
	w.sweep(t, false)
	slices.Sort(w.over)
	if diff := cmp.Diff(append(slices.Clone(where), three+" us-east-1", "555500006666 us-east-1"), w.over); diff != "" {
		t.Errorf("the new account isn't remembered: %s", diff)
	}
	w.accounts = w.accounts[:5]
	w.now = w.now.Add(8 * time.Hour)
	w.sweep(t, false)
	everywhere()
	delete(w.groups, one+" "+home)
	for range 2 { // since one may have failed
		w.now = w.now.Add(6 * time.Hour)
		w.sweep(t, true)
		everywhere()
	}
	w.now = w.now.Add(15 * time.Minute)
	w.sweep(t, false)
	if diff := cmp.Diff([]string{two + " us-east-2", three + " us-east-1"}, w.over); diff != "" {
		t.Errorf("groups that went are remembered: %s", diff)
	}
}

// TestUnfinishedSweepIsNotRelied: right after a full sweep, what it hasn't come to yet is
// known from the one before.
func TestUnfinishedSweepIsNotRelied(t *testing.T) {
	t.Parallel()
	w := newWorld(3, 1)
	w.groups[w.accounts[1].ID+" "+home] = 1
	w.sweep(t, true)
	w.now = w.now.Add(6 * time.Hour)
	w.hand(t, true) // its messages wait
	w.now = w.now.Add(time.Minute)
	w.sweep(t, false)
	if len(w.over) != 1 {
		t.Errorf("%v", w.over)
	}
}

// TestLastListCounts: where accounts can't be listed, those count that were listed last,
// for as long as it takes, and the record rings the alarm. Where none ever were, it says so.
func TestLastListCounts(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"refused": denied("sts:AssumeRole"), "throttled": throttled(), "down": errors.New("no route")} {
		w := newWorld(45, 1)
		w.listing = err
		w.sweep(t, true)
		if r, of := w.newest(t); len(w.over) != 0 || !of.Unlisted || !strings.Contains(r.Reason, "couldn't be listed") {
			t.Errorf("%s: %+v", name, r)
		}
		w.listing = nil
		w.now = w.now.Add(6 * time.Hour)
		w.sweep(t, true)
		w.listing = err
		for range 8 {
			w.now = w.now.Add(6 * time.Hour)
			w.sweep(t, true)
			r, of := w.newest(t)
			if len(w.over) != 45 || !of.Unlisted || of.Listed != start.Add(6*time.Hour).Format(time.RFC3339) || !strings.Contains(r.Reason, err.Error()[:8]) {
				t.Fatalf("%s: %d looked over, %+v", name, len(w.over), r)
			}
		}
	}
}

// TestAListThatCannotBeRight: a list without any active account is none.
func TestAListThatCannotBeRight(t *testing.T) {
	t.Parallel()
	w := newWorld(3, 1)
	w.sweep(t, true)
	for i := range w.accounts {
		w.accounts[i].State = ""
	}
	w.now = w.now.Add(6 * time.Hour)
	w.sweep(t, true)
	if r, of := w.newest(t); len(w.over) != 3 || !of.Unlisted || !strings.Contains(r.Reason, "no active account") {
		t.Errorf("%v, %+v", w.over, r)
	}
}

// TestALongList: a list that takes too long goes on in a message of its own, and counts
// whole when all of it was read.
func TestALongList(t *testing.T) {
	t.Parallel()
	w := newWorld(50, 1)
	w.slow = true
	w.hand(t, true)
	if first, of := w.newest(t); !of.More || len(of.Accounts) != 20 || len(w.sent) != 21 || w.sent[20].Next == "" || first.Account != "" {
		t.Fatalf("%d messages, %+v", len(w.sent), of)
	}
	for len(w.sent) > 0 && w.sent[len(w.sent)-1].Next != "" {
		rest := w.sent[len(w.sent)-1]
		w.sent = w.sent[:len(w.sent)-1]
		event := signal.Event{Account: rest.Account, Region: rest.Region, Time: rest.Asked}
		if err := w.dispatcher().Sweep(t.Context(), signal.Sweep{Event: event, Full: rest.Full, Next: rest.Next}); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.sent) != 50 {
		t.Errorf("%d messages", len(w.sent))
	}
	w.listing = throttled()
	w.now = w.now.Add(time.Hour)
	w.sweep(t, true)
	if len(w.over) != 50 {
		t.Errorf("%d of the whole list are remembered", len(w.over))
	}
}

// TestOneAccountHoldsUpNone: an account that refuses is asked once, one whose Region is
// throttled or refuses is looked over everywhere else, and that Region has a
// message of its own; the others are looked over in their turn.
func TestOneAccountHoldsUpNone(t *testing.T) {
	t.Parallel()
	w := newWorld(4, 17)
	refuses, throttles, closed := w.accounts[0].ID, w.accounts[1].ID, w.accounts[2].ID
	w.fails[refuses] = denied("sts:AssumeRole")
	w.fails[throttles+" us-east-3"] = throttled()
	w.fails[closed+" us-east-4"] = denied("autoscaling:DescribeAutoScalingGroups")
	for _, a := range w.accounts {
		w.groups[a.ID+" us-east-5"] = 1
	}
	w.hand(t, true)
	messages := w.sent
	w.sent, w.after = nil, nil
	for _, m := range messages {
		if err := w.dispatcher().Account(t.Context(), m); err != nil {
			t.Error(err)
		}
	}
	if len(w.over) != 1+3*17 {
		t.Errorf("%d looks", len(w.over))
	}
	if len(w.sent) != 1 || !slices.Equal(w.sent[0].Regions, []string{"us-east-3"}) || w.sent[0].Account != throttles || w.after[0] == 0 || !w.sent[0].Full || !w.sent[0].Noted {
		t.Fatalf("%+v", w.sent)
	}
	if err := w.dispatcher().Account(t.Context(), w.sent[0]); err == nil || len(w.sent) != 1 {
		t.Errorf("a Region that is throttled still: %v", err)
	}
	delete(w.fails, throttles+" us-east-3")
	if err := w.dispatcher().Account(t.Context(), w.sent[0]); err != nil {
		t.Error(err)
	}
	said := map[string]record.SweepOf{}
	for _, line := range w.log {
		var r record.Record
		if err := json.Unmarshal([]byte(line.text), &r); err != nil {
			t.Fatal(err)
		}
		said[r.Account] = *r.Sweep
	}
	for account, want := range map[string]string{refuses: " AWS refused sts:AssumeRole", closed: "us-east-4: "} {
		if got := said[account].Skipped; len(got) != 1 || !strings.Contains(" "+got[0], strings.TrimPrefix(want, " AWS refused ")) {
			t.Errorf("%s: %+v", account, said[account])
		}
	}
	if of := said[throttles]; len(of.Regions) != 1 || len(of.Skipped) != 0 {
		t.Errorf("%+v", of)
	}
}

// TestRefusalsAreOnRecord: what refuses a recent sweep is on record, once until it changes;
// a sweep that goes to all tells it again.
func TestRefusalsAreOnRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(2, 3)
	one := w.accounts[0].ID
	w.groups[one+" "+home], w.groups[one+" us-east-1"], w.groups[w.accounts[1].ID+" "+home] = 1, 1, 1
	w.sweep(t, true)
	entry, list := denied("sts:AssumeRole"), denied("autoscaling:DescribeAutoScalingGroups")
	for _, step := range []struct {
		what    string
		fails   map[string]error
		full    bool
		records int // of one, since the step before
		refuse  string
		reason  string
	}{
		{"nothing refuses", nil, false, 0, "", ""},
		{"the account refuses", map[string]error{one: entry}, false, 1, one, ""},
		{"it does still", map[string]error{one: entry}, false, 0, one, ""},
		{"to a full sweep, too", map[string]error{one: entry}, true, 1, one, ""},
		{"and to the next recent one", map[string]error{one: entry}, false, 0, one, ""},
		{"only a Region does", map[string]error{one + " us-east-1": list}, false, 1, "us-east-1", "refuses no more: " + one},
		{"it does still", map[string]error{one + " us-east-1": list}, false, 0, "us-east-1", ""},
		{"which isn't known while AWS throttles it", map[string]error{one + " us-east-1": throttled()}, false, 0, "us-east-1", ""},
		{"it does still", map[string]error{one + " us-east-1": list}, false, 0, "us-east-1", ""},
		{"another does, too", map[string]error{one + " us-east-1": list, one + " " + home: list}, false, 1, home + " us-east-1", ""},
		{"none does", nil, false, 1, "", "refuses no more: " + home + ", us-east-1"},
		{"none does still", nil, false, 0, "", ""},
		{"one does again", map[string]error{one + " us-east-1": list}, false, 1, "us-east-1", ""},
	} {
		w.now, w.fails = w.now.Add(15*time.Minute), step.fails
		before := len(w.log)
		w.sweep(t, step.full)
		var past history.Sweeps
		records, reason := 0, ""
		for i, line := range w.log {
			r, ok, err := record.Parse([]byte(line.text), nil)
			if !ok || err != nil {
				t.Fatal(line.text, err)
			}
			past.Add(history.Entry{At: line.at, Record: r})
			if i >= before && r.Account == one {
				records, reason = records+1, r.Reason
			}
		}
		if got := strings.Join(past.Refused()[one], " "); records != step.records || got != step.refuse || reason != step.reason {
			t.Errorf("%s: %d records, %q refuses, %q", step.what, records, got, reason)
		}
	}
}

// TestLogThatCannotBeRead: without what sweeps remember, a sweep goes everywhere by the
// list; without the findings, it ends none, and reads no account's log instead. The record
// says so, and the next sweep is as ever.
func TestLogThatCannotBeRead(t *testing.T) {
	t.Parallel()
	const sweeps, findings = `{ $.phase = "sweep" }`, `{ $.id = "f-*" }`
	w := newWorld(3, 2)
	one, two := w.accounts[0].ID, w.accounts[1].ID
	w.groups[one+" us-east-1"] = 1
	w.sweep(t, true)
	w.log = append(w.log, logged{w.now, `{"schema":"keymend.audit/2","phase":"finding","outcome":"proposed","id":"f-1","account":"` + two + `","region":"us-east-1","group":"gone"}`})
	for name, tc := range map[string]struct {
		unread []string
		full   bool
		places int
		ended  bool // findings are
		says   []string
	}{
		"all is read":                   {nil, false, 2, true, nil},
		"no sweeps":                     {[]string{sweeps}, false, 6, true, []string{"goes to every account and Region: api error ThrottlingException"}},
		"no findings, where groups are": {[]string{findings}, false, 1, false, []string{"are ended by a later sweep: api error ThrottlingException"}},
		"no findings, everywhere":       {[]string{findings}, true, 6, false, []string{"are ended by a later sweep: api error ThrottlingException"}},
		"neither":                       {[]string{sweeps, findings}, false, 6, false, []string{"every account and Region", "by a later sweep"}},
	} {
		logOf := w.log
		clear(w.unread)
		for _, pattern := range tc.unread {
			w.unread[pattern] = throttled()
		}
		w.hand(t, tc.full)
		places, unended := 0, 0
		for _, m := range w.sent {
			places, unended = places+len(m.Regions), unended+len(m.Unended)
		}
		if places != tc.places || unended > 0 != tc.ended {
			t.Errorf("%s: %d places, findings are ended in %d: %+v", name, places, unended, w.sent)
		}
		r, of := w.newest(t)
		for _, says := range tc.says {
			if !strings.Contains(r.Reason, says) {
				t.Errorf("%s: %q", name, r.Reason)
			}
		}
		if len(tc.says) == 0 && r.Reason != "" || of.All != (tc.places == 6) {
			t.Errorf("%s: all %t, %q", name, of.All, r.Reason)
		}
		w.log = logOf
	}
}

// TestNothingSaysWhere: where neither the list nor the log can be read, the sweep comes
// again.
func TestNothingSaysWhere(t *testing.T) {
	t.Parallel()
	w := newWorld(2, 2)
	w.sweep(t, true)
	w.unread[`{ $.phase = "sweep" }`], w.listing = throttled(), throttled()
	records := len(w.log)
	if err := w.dispatcher().Sweep(t.Context(), signal.Sweep{Event: signal.Event{Account: hub, Region: home, Time: w.now}}); err == nil || len(w.log) != records {
		t.Error("a sweep that goes nowhere counts as done")
	}
}

// TestAWholeOrganization: 1,000 accounts in 17 Regions are handed on in 50 pages and 100
// calls, in little time and memory; each message is small, is read as it was written, and
// has its delay. Twice the accounts take twice the calls.
func TestAWholeOrganization(t *testing.T) {
	calls := func(accounts int) map[string]int {
		w := newWorld(accounts, 17)
		for i, a := range w.accounts {
			if i%3 == 0 {
				w.groups[a.ID+" us-east-7"] = 1
			}
		}
		w.sweep(t, true) // a memory of groups
		w.now = w.now.Add(6 * time.Hour)
		w.calls = map[string]int{}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := time.Now()
		w.hand(t, true)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		const most = 64 << 20 // allocated in all, not only at a time; a function has 256 MB
		if mem := after.TotalAlloc - before.TotalAlloc; mem > most || took > 5*time.Second {
			t.Errorf("%d accounts: %d MiB in %s", accounts, mem>>20, took)
		}
		if len(w.sent) != accounts {
			t.Fatalf("%d messages", len(w.sent))
		}
		for i, m := range w.sent {
			text, err := json.Marshal(m)
			if err != nil || len(text) > 10_000 || w.after[i] >= 15*time.Minute || i > 0 && w.after[i] < w.after[i-1] || len(m.Regions) != 17 {
				t.Fatalf("%v, %d bytes after %s", err, len(text), w.after[i])
			}
			if back, err := signal.Decode(text, "keymend-"); err != nil || !cmp.Equal(back, signal.Signal(m)) {
				t.Fatalf("%v, %v", back, err)
			}
		}
		for _, line := range w.log {
			if len(line.text) > 250_000 {
				t.Errorf("a record of %d bytes", len(line.text))
			}
		}
		w.now = w.now.Add(45 * time.Minute)
		w.hand(t, false)
		if want := (accounts + 2) / 3; len(w.sent) != want || len(w.sent[0].Regions) != 1 {
			t.Errorf("a recent sweep sends %d messages, want %d", len(w.sent), want)
		}
		return w.calls
	}
	one, two := calls(1000), calls(2000)
	if one["list"] != 2*50 || one["send"] != 100+34 || one["read"] != 4 || one["look"] != 0 {
		t.Errorf("%v", one)
	}
	if two["list"] != 2*one["list"] || two["send"] > 2*one["send"] || two["read"] != one["read"] {
		t.Errorf("%v, of twice the accounts %v", one, two)
	}
}
