package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"keymend/pkg/outcome"
)

// noRecentSweeps leaves the full ones alone.
func (w *world) noRecentSweeps() {
	w.t.Helper()
	_, err := w.bus.DisableRule(w.t.Context(), &eventbridge.DisableRuleInput{Name: new("keymend-sweep-recent")})
	must(w.t, err)
}

// TestFullSweepFindsARoleMadeAnew: the grant to a service-linked role that was deleted
// and made anew is dead. Where no event tells of it, and nothing fails, a full sweep
// finds it and has another grant made.
func TestFullSweepFindsARoleMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sweeping(), with("OwnKey", "grant"), switched(silent), unwatched)
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(time.Hour)
	first, before := w.ourGrants(key), w.failedLaunches()
	w.noRecentSweeps()
	w.recreateRole()
	w.box.Advance(6*time.Hour + 20*time.Minute)
	after := w.ourGrants(key)
	if len(first) != 1 || len(after) != 2 || !strings.HasPrefix(*after[0].GranteePrincipal, "AROA") || *after[1].GranteePrincipal != role || *after[0].Name == *after[1].Name {
		t.Fatalf("grants %+v, then %+v\n%v", first, after, w.story())
	}
	if r := w.last(outcome.Sent); r.Signal != "sweep" || !strings.HasSuffix(r.Reason, ") is dead: the role was deleted since, and made anew.") {
		t.Errorf("%s: %s", r.Signal, r.Reason)
	}
	w.want(3)
	w.box.Advance(5 * time.Minute)
	if failed := w.failedLaunches(); failed != before || w.inService("web-prod") != 3 || w.writes() != 2 {
		t.Errorf("%d launches failed, %d before; %d writes\n%v", failed, before, w.writes(), w.story())
	}
}

// TestFullSweepGoesOnWithACopy: where the event that a copy is ready is lost, and the
// group wants nothing meanwhile, a full sweep goes on with it; nothing is copied twice.
func TestFullSweepGoesOnWithACopy(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable, sweeping(), switched(silent))
	rules, err := c.bus.ListRules(t.Context(), &eventbridge.ListRulesInput{})
	must(t, err)
	for _, r := range rules.Rules {
		if r.EventPattern != nil && strings.Contains(*r.EventPattern, "EC2 AMI State Change") {
			_, err = c.bus.DisableRule(t.Context(), &eventbridge.DisableRuleInput{Name: r.Name})
			must(t, err)
		}
	}
	template := c.mappedTemplate("web", c.image)
	c.group("web-prod", template, "$Latest")
	c.until("a copy is begun", c.begun)
	c.noRecentSweeps()
	c.want(0)
	c.box.Advance(5 * time.Hour)
	if all, _ := c.versions(template); len(all) != 1 {
		t.Fatalf("%d versions before a full sweep\n%v", len(all), c.short())
	}
	c.box.Advance(80 * time.Minute)
	c.wantCopied(1, 1)
	if all, _ := c.versions(template); len(all) != 2 {
		t.Fatalf("%d versions after one\n%v", len(all), c.short())
	}
	c.box.Advance(6 * time.Hour) // what the launch needs of the own key
	c.want(2)
	c.box.Advance(10 * time.Minute)
	c.wantRunning("web-prod")
}
