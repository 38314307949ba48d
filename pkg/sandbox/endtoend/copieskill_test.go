package endtoend_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	keymend "keymend/pkg/account"
	"keymend/pkg/apply/table"
	"keymend/pkg/change"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/settings/variable"
	"keymend/pkg/signal"
	"keymend/pkg/wiring"
)

// A mortal HTTP client makes calls until it dies: the last one takes place, and
// its answer never arrives.
type mortal struct{ left int }

var errDead = errors.New("the process is dead")

// Do implements aws.HTTPClient.
func (m *mortal) Do(r *http.Request) (*http.Response, error) {
	if m.left < 0 {
		return nil, errDead
	}
	answer, err := http.DefaultClient.Do(r)
	m.left--
	if m.left < 0 {
		if err == nil {
			_ = answer.Body.Close()
		}
		return nil, errDead
	}
	return answer, err
}

// A kill world has the deployed functions only look, and an engine in this
// process, with remediate's credentials, write.
type kill struct {
	*copies
	base    aws.CredentialsProvider
	waiting []remediation.Message // that have to come again
	records []record.Record
}

func newKill(t *testing.T) *kill {
	t.Helper()
	k := &kill{copies: newCopies(t, copyable, with("Mode", "observe"), edited(letTestsIn), unwatched)} // the test keeps the records, not the log
	k.base = k.assume(k.cfg, permission.Remediate, "test", "").Credentials
	return k
}

// Write implements remediation.Log.
func (k *kill) Write(_ context.Context, r record.Record) error {
	k.records = append(k.records, r)
	return nil
}

// A pile is a queue in memory.
type pile []remediation.Message

// Send implements remediation.Queue.
func (p *pile) Send(_ context.Context, m remediation.Message) error {
	*p = append(*p, m)
	return nil
}

// round is one look, and what comes of it, by a process that dies after so many
// calls. What failed comes again in the next round, as a queue would have it.
func (k *kill) round(calls int) (left int) {
	k.t.Helper()
	client := &mortal{left: calls}
	cfg := k.cfg.Copy()
	cfg.Credentials, cfg.HTTPClient, cfg.RetryMaxAttempts = k.base, client, 1
	c, err := settings.Parse(func(name string) string {
		return map[string]string{
			variable.Mode: "enforce", variable.RolePrefix: "keymend-", variable.Accounts: owner, variable.ForeignKey: "copy",
			variable.CopyKey: "alias/copies", variable.VerifyInterval: "1ms", variable.VerifyReads: "2", variable.SwitchParameter: "/keymend/switch",
		}[name]
	})
	must(k.t, err)
	world := wiring.AWS{Settings: c, Own: cfg, Sessions: keymend.New(cfg, keymend.Options{RolePrefix: c.RolePrefix, Version: "test"})}
	var sent pile
	x := &remediation.Fixer{Open: world.Open, Sleep: func(context.Context, time.Duration) error { return nil }, Looker: remediation.Looker{
		Settings: c, AWS: world, Kinds: table.Kinds(), Plan: plan.All, Queue: &sent, Log: k,
	}}
	look := signal.Look{Why: signal.WhyLaunchUnsuccessful, Account: account, Region: region, Group: "web-prod", EventIDs: []string{time.Now().String()}}
	_, _ = x.Diagnose(k.t.Context(), look) // dead or alive; what counts is what is there in the end
	var again []remediation.Message
	for _, m := range append(k.waiting, sent...) {
		if _, err := x.Remediate(k.t.Context(), m); err != nil {
			again = append(again, m)
		}
	}
	k.waiting = again
	return client.left
}

// TestCopyKilledAnywhere kills the process at every call of the whole way, and
// goes on with another: it ends as if nothing had happened, without a second
// copy, and with an undo of everything on record.
func TestCopyKilledAnywhere(t *testing.T) {
	t.Parallel()
	const plenty, rounds = 10_000, 8
	play := func(t *testing.T, at int) (calls int) {
		t.Helper()
		k := newKill(t)
		template := k.mappedTemplate("web", k.image)
		k.group("web-prod", template, "$Default")
		for range rounds {
			k.box.Advance(2 * time.Minute)
			ended := slices.ContainsFunc(k.records, func(r record.Record) bool { return r.Outcome == outcome.Moved })
			left := k.round(at)
			if !ended {
				calls += at - left
			}
			if at = left; at < 0 {
				at = plenty // another process
			}
		}
		k.box.Advance(10 * time.Minute)
		k.wantRunning("web-prod")
		images, snapshots := k.own()
		all, standard := k.versions(template)
		if len(images) != 1 || len(snapshots) != 1 || k.count("CopyImage") != 1 || len(all) != 2 || standard != 2 {
			t.Errorf("%d images, %d snapshots, copied %d times, %d versions, default %d", len(images), len(snapshots), k.count("CopyImage"), len(all), standard)
		}
		for _, undo := range []string{"RemoveCopy", "SetDefaultVersion"} {
			if !slices.ContainsFunc(k.records, func(r record.Record) bool {
				return slices.ContainsFunc(r.Undo, func(s change.Step) bool { return s.Kind() == undo })
			}) {
				t.Errorf("no record has the undo %s", undo)
			}
		}
		return calls
	}
	whole := 0
	t.Run("alive", func(t *testing.T) { whole = play(t, plenty) })
	t.Logf("%d calls", whole)
	for at := range whole {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			play(t, at)
			if t.Failed() {
				t.Logf("died after call %d", at)
			}
		})
	}
}
