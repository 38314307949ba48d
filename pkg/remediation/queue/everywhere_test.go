package queue_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keymend/pkg/signal"
)

// everywhere is an organization: what it was asked for, and what goes wrong in an account.
type everywhere struct {
	mu     sync.Mutex
	sweeps []signal.Sweep
	looked []string
	fails  map[string]error
	meet   *sync.WaitGroup // nil: accounts don't wait for each other
}

func (e *everywhere) Sweep(ctx context.Context, s signal.Sweep) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) > 58*time.Second {
		return errors.New("no time is left to answer")
	}
	e.sweeps = append(e.sweeps, s)
	return e.fails[""]
}

func (e *everywhere) Account(_ context.Context, looks signal.Looks) error {
	if e.meet != nil { // until all are here
		e.meet.Done()
		e.meet.Wait()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.looked = append(e.looked, looks.Account)
	return e.fails[looks.Account]
}

// TestAnOrganizationIsSwept: a schedule's event is handed on, once; messages of accounts
// are looked over side by side, and only what went wrong comes again; other messages of
// the batch are as ever.
func TestAnOrganizationIsSwept(t *testing.T) {
	t.Parallel()
	one := `{"schema":"keymend.look/1","account":"ACCOUNT","region":"eu-west-1","regions":["eu-west-1","us-east-1"],"full":true,"asked":"2026-03-02T09:00:00Z"}`
	of := func(account string) string { return strings.Replace(one, "ACCOUNT", account, 1) }
	schedule := `{"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events","account":"999900001111","time":"2026-03-02T09:00:00Z","region":"eu-west-1","resources":["arn:aws:events:eu-west-1:999900001111:rule/keymend-sweep-full"],"detail":{}}`
	rest := `{"schema":"keymend.look/1","account":"999900001111","region":"eu-west-1","next":"token","asked":"2026-03-02T09:00:00Z"}`
	s, e := &shift{}, &everywhere{fails: map[string]error{"444455556666": errors.New("throttled")}, meet: &sync.WaitGroup{}}
	e.meet.Add(3)
	h := s.onSignals()
	h.Organization = e
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := h.Handle(ctx, batch(of("444455556666"), schedule, of("111122223333"), rest, of("777788889999"), sample(t, "diagnose/testdata/launch-unsuccessful-cancelled.json")))
	if err != nil || failed(out) != "a" || len(s.logged) != 1 || len(s.looks) != 1 {
		t.Errorf("%v, %q come again, complained %v, looked at %v", err, failed(out), s.logged, s.looks)
	}
	slices.Sort(e.looked)
	if !slices.Equal(e.looked, []string{"111122223333", "444455556666", "777788889999"}) {
		t.Errorf("looked over %v", e.looked)
	}
	if len(e.sweeps) != 2 || !e.sweeps[0].Full || e.sweeps[0].Next != "" || e.sweeps[1].Full || e.sweeps[1].Next != "token" || e.sweeps[1].Account != "999900001111" || e.sweeps[1].Time.IsZero() {
		t.Errorf("%+v", e.sweeps)
	}
	e.fails[""] = errors.New("throttled")
	if out, _ := h.Handle(ctx, batch(schedule)); failed(out) != "a" {
		t.Errorf("%q come again", failed(out))
	}
}
