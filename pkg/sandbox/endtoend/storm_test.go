package endtoend_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"keymend/pkg/outcome"
)

// A storm is many groups of one account that fail to launch at once: group i has a
// template of its own, whose volume is under the key i mod keys.
type storm struct {
	groups, keys, failures int
}

// A toll is what a storm cost Keymend.
type toll struct {
	calls, changes, looks, writes int           // changes and looks are messages that diagnose sent
	took                          time.Duration // real time, of the functions
	byName                        map[string]int
}

// brew makes the groups, has each of them fail, and delivers the rest of the failures at
// once.
func (s storm) brew(t testing.TB) *world {
	t.Helper()
	most := strconv.Itoa(s.keys) // the brake is another test's
	w := newWorld(t, with("MaxChangesAnHour", most), with("MaxChangesAnHourInAll", most))
	for _, rule := range []string{"keymend-groupcreated", "keymend-key-denied"} { // what the failures' own events cost
		_, err := w.bus.DisableRule(t.Context(), &eventbridge.DisableRuleInput{Name: &rule})
		must(t, err)
	}
	image := w.image()
	keys := make([]string, s.keys)
	for i := range keys {
		keys[i] = w.key(rootOnly, enrolled)
	}
	for i := range s.groups {
		name := "web-" + strconv.Itoa(i)
		template := w.templateOf(name, image, keys[i%s.keys])
		_, err := w.asg.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
			AutoScalingGroupName: &name, MinSize: new(int32(0)), MaxSize: new(int32(1)), DesiredCapacity: new(int32(1)),
			AvailabilityZones: []string{region + "a"}, LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateId: &template, Version: new("$Latest")},
		})
		must(t, err)
	}
	queue, err := w.sqs.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: new("keymend-signals")})
	must(t, err)
	const entries = 10 // of a batch
	for i := 0; i < s.failures; i += entries {
		var batch []sqstypes.SendMessageBatchRequestEntry
		for j := i; j < min(i+entries, s.failures); j++ {
			group := "web-" + strconv.Itoa(j%s.groups)
			batch = append(batch, sqstypes.SendMessageBatchRequestEntry{Id: new(strconv.Itoa(j)), MessageBody: new(strings.ReplaceAll(launchUnsuccessful, "GROUP", group))})
		}
		_, err := w.sqs.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: queue.QueueUrl, Entries: batch})
		must(t, err)
	}
	return w
}

// pass lets time pass, and says what it cost.
func (s storm) pass(w *world, d time.Duration) toll {
	w.t.Helper()
	before, began := len(w.box.Calls()), time.Now()
	w.box.Advance(d)
	out := toll{took: time.Since(began), writes: w.writes(), byName: map[string]int{}}
	for _, c := range w.box.Calls()[before:] {
		if !strings.Contains(c.Caller, "keymend-") || c.InvokedBy != "" {
			continue
		}
		out.calls++
		out.byName[c.Service+":"+c.Operation]++
		switch to := strings.Join(c.Resources, " "); {
		case c.Operation != "SendMessage" || !strings.Contains(c.Caller, "diagnose"):
		case strings.HasSuffix(to, ":keymend-changes.fifo"):
			out.changes++
		default:
			out.looks++
		}
	}
	return out
}

// TestStorm: a storm costs what its keys cost: one message and one write for each, after
// each write one more look, whether that took somebody's edit back, and no call for each
// failure. What came of the write is told of every group.
func TestStorm(t *testing.T) {
	t.Parallel()
	s := storm{groups: 40, keys: 4, failures: 400}
	w := s.brew(t)
	cost := s.pass(w, time.Minute)
	if cost.writes != s.keys || cost.changes != s.keys || cost.looks != s.keys || cost.calls > 30*s.keys+80 {
		t.Errorf("%d writes, %d messages of changes, %d of looks, %d calls for %d keys: %v", cost.writes, cost.changes, cost.looks, cost.calls, s.keys, cost.byName)
	}
	after := s.pass(w, 9*time.Minute)
	recovered := map[string]int{}
	for _, r := range w.records() {
		if r.Outcome == outcome.Recovered {
			recovered[r.Group]++
		}
	}
	if len(recovered) != s.groups || after.calls > s.groups+30*s.keys || after.writes != s.keys {
		t.Errorf("%d groups recovered, %d calls: %v", len(recovered), after.calls, after.byName)
	}
	if n := after.byName["events:PutEvents"]; n > s.groups/10+s.keys {
		t.Errorf("%d calls tell others of %d groups", n, s.groups)
	}
	for group, n := range recovered {
		if n != 1 {
			t.Errorf("%s recovered %d times", group, n)
		}
	}
	told := len(w.records())
	s.pass(w, 2*time.Hour)
	if more := len(w.records()) - told; more != 0 {
		t.Errorf("%d records of groups that are well", more)
	}
}
