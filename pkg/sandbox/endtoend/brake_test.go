package endtoend_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/tidwall/gjson"

	"keymend/infra/template"
	"keymend/pkg/outcome"
	"keymend/pkg/sandbox"
)

// TestBrake: thirty keys fail at once, and the log shows lines 30 seconds late. Ten are
// opened within the hour, the others proposed; the next hour ten more.
func TestBrake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sweeping())
	must(t, w.box.SetFaults(sandbox.Fault{Service: "logs", Operation: "FilterLogEvents", Behind: sandbox.Span(30 * time.Second)}))
	w.closedGroups(30)
	w.box.Advance(50 * time.Minute)
	braked := map[string]bool{}
	for _, r := range w.records() {
		if r.Outcome == outcome.Braked {
			braked[r.Group] = true
			if !strings.Contains(r.Reason, "the setting maxChangesAnHour allows 10") {
				t.Errorf("%s", r.Reason)
			}
		}
	}
	if w.writes() != 10 || len(braked) != 20 {
		t.Fatalf("%d writes, %d proposed\n%v", w.writes(), len(braked), w.story())
	}
	if counted, rings := w.rings("BrakedAlarm"); counted < 20 || rings != 1 {
		t.Errorf("the alarm's metric counts %d, and it rings %d times", counted, rings)
	}
	w.box.Advance(time.Hour)
	if w.writes() != 20 {
		t.Errorf("%d writes after the next hour\n%v", w.writes(), w.story())
	}
}

// rings says how much the metric of an alarm of the template's counts, by the functions'
// logs, and how often the alarm goes off: from a period that isn't over the threshold, or
// without a count, to one that is.
func (w *world) rings(id string) (counted, times int) {
	w.t.Helper()
	alarm := gjson.GetBytes(template.Account(), "Resources."+id+".Properties")
	if alarm.Get("ComparisonOperator").String() != "GreaterThanThreshold" || alarm.Get("Statistic").String() != "Sum" || alarm.Get("EvaluationPeriods").Int() != 1 || alarm.Get("TreatMissingData").String() != "notBreaching" {
		w.t.Fatalf("%s rings in another way than is counted here: %s", id, alarm.Raw)
	}
	metric, of := alarm.Get("MetricName").String(), alarm.Get("Dimensions.0")
	sums := map[int64]int{}
	for _, name := range []string{"diagnose", "remediate"} {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(w.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/aws/lambda/keymend-" + name)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(w.t.Context())
			must(w.t, err)
			for _, e := range page.Events {
				if line := gjson.Parse(*e.Message); line.Get("_aws").Exists() && line.Get(of.Get("Name").String()).String() == of.Get("Value").String() {
					sums[*e.Timestamp/(1000*alarm.Get("Period").Int())] += int(line.Get(metric).Int())
				}
			}
		}
	}
	over := func(period int64) bool { return sums[period] > int(alarm.Get("Threshold").Int()) }
	for period, sum := range sums {
		counted += sum
		if over(period) && !over(period-1) {
			times++
		}
	}
	return counted, times
}

// TestBrakeInAll: the deployment's own bound holds where that of the account leaves room.
func TestBrakeInAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("MaxChangesAnHourInAll", "1"))
	w.closedGroups(3)
	w.box.Advance(20 * time.Minute)
	if r := w.last(outcome.Braked); w.writes() != 1 || !strings.Contains(r.Reason, "maxChangesAnHourInAll allows 1") {
		t.Errorf("%d writes: %s", w.writes(), r.Reason)
	}
}

// TestHistoryThatMayNotBeRead holds everything back; where the log is only throttled, the
// message comes again.
func TestHistoryThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, func(s *setup) { s.unwatched = true })
		for _, name := range []string{"keymend-diagnose", "keymend-remediate"} {
			_, err := w.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: new("denied"),
				PolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"logs:FilterLogEvents","Resource":"*"}]}`)})
			must(t, err)
		}
		w.broken("web-prod", w.key(rootOnly, enrolled))
		w.box.Advance(20 * time.Minute)
		if r := w.last(outcome.Braked); w.writes() != 0 || !strings.Contains(r.Reason, "AWS refused logs:FilterLogEvents") {
			t.Errorf("%d writes: %s\n%v", w.writes(), r.Reason, w.story())
		}
	})
	t.Run("throttled", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		must(t, w.box.SetFaults(sandbox.Fault{Service: "logs", Operation: "FilterLogEvents", Times: 6, Answer: sandbox.AnswerThrottled}))
		w.broken("web-prod", w.key(rootOnly, enrolled))
		w.box.Advance(40 * time.Minute)
		if w.writes() != 1 || w.inService("web-prod") != 2 {
			t.Errorf("%d writes, %d in service\n%v", w.writes(), w.inService("web-prod"), w.story())
		}
		for _, r := range w.records() {
			if r.Outcome == outcome.Braked {
				t.Errorf("throttled counts as braked: %s", r.Reason)
			}
		}
	})
}

// TestAPersonIsNotBraked: neither what a person applies nor what one takes back counts.
func TestAPersonIsNotBraked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("MaxChangesAnHour", "0"), func(s *setup) { s.start = time.Now().UTC() })
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(5 * time.Minute)
	w.wantUntouched()
	file := w.t.TempDir() + "/audit.jsonl"
	if code, text := w.keymend(account, "diagnose", "web-prod", "--apply", "--yes", "--audit-file", file); code != 0 || !w.opens(w.policy(key), role) {
		t.Fatalf("exit %d\n%s", code, text)
	}
}

// closedGroups makes groups that can't launch, each for another key, at the same time.
func (w *world) closedGroups(n int) {
	image := w.image()
	for i := range n {
		name := fmt.Sprintf("web-%02d", i)
		w.group(name, w.templateOf(name, image, w.key(rootOnly, enrolled)), "$Latest")
	}
}

// revokeGrants takes Keymend's grants on a key away, as somebody else does.
func (w *world) revokeGrants(key string) {
	w.t.Helper()
	for _, g := range w.ourGrants(key) {
		_, err := w.kms.RevokeGrant(w.t.Context(), &kms.RevokeGrantInput{KeyId: &key, GrantId: g.GrantId})
		must(w.t, err)
	}
}
