package endtoend_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/outcome"
	"keymend/pkg/permission"
)

// people is the topic of those who have to act.
const people = "arn:aws:sns:" + region + ":" + account + ":people"

// asking tells people. Logs are read back from the functions' own clock.
func asking() option {
	return func(s *setup) { s.params["ActionTopic"], s.start = people, time.Now().UTC() }
}

// asked is what the topic got about each group, oldest first.
func (w *world) asked() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for _, text := range w.box.Published(people) {
		var n notice
		must(w.t, json.Unmarshal([]byte(text), &n))
		out[n.Detail.Group] = strings.TrimSpace(out[n.Detail.Group] + " " + string(n.Detail.Notify) + ":" + n.Detail.Outcome)
	}
	return out
}

func (w *world) wantAsked(when string, want map[string]string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.asked()); diff != "" {
		w.t.Errorf("%s, people were told (-want +got):\n%s\n%v", when, diff, w.story())
	}
}

// TestPeopleAreToldOnce: what a person has to act on is told once when it opens, however
// many events and sweeps find it, and once when it closes, and again when it opens anew.
// What heals by itself isn't told.
func TestPeopleAreToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sweeping(), asking(), func(s *setup) { s.unwatched = true })
	key := w.key(rootOnly, nil)
	w.broken("web-prod", key)
	w.broken("api", w.key(rootOnly, enrolled))
	w.box.Advance(75 * time.Minute)
	for range 3 { // one event, delivered again and again
		w.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod"))
		w.box.Advance(5 * time.Minute)
	}
	w.wantAsked("while it is open", map[string]string{"web-prod": "opened:proposed"})
	if n := w.proposed(); n < 3 {
		t.Fatalf("found %d times: nothing could have been told twice", n)
	}

	w.putPolicy(key, strings.TrimSuffix(rootOnly, "]}")+`,{"Sid":"Mine","Effect":"Allow","Principal":{"AWS":"`+role+`"},"Action":"kms:*","Resource":"*"}]}`)
	w.box.Advance(90 * time.Minute)
	w.wantAsked("once it is over", map[string]string{"web-prod": "opened:proposed closed:recovered"})

	w.putPolicy(key, rootOnly)
	_, err := w.asg.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: new("web-prod"), MaxSize: new(int32(9)), DesiredCapacity: new(int32(3))})
	must(t, err)
	w.box.Advance(time.Hour)
	w.wantAsked("once it opens anew", map[string]string{"web-prod": "opened:proposed closed:recovered opened:proposed"})
}

// TestPeopleAreToldOnceOfWhatStays: a sweep's daily record of what stays tells nobody
// again; a group that goes closes what was open.
func TestPeopleAreToldOnceOfWhatStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sweeping(), asking(), switched(silent), func(s *setup) { s.unwatched = true })
	w.broken("batch", w.key(rootOnly, nil))
	_, err := w.asg.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: new("batch"), MinSize: new(int32(0)), DesiredCapacity: new(int32(0))})
	must(t, err)
	w.box.Advance(31 * time.Hour)
	w.wantAsked("while it is open", map[string]string{"batch": "opened:proposed"})
	if n := w.proposed(); n != 2 {
		t.Fatalf("%d records, not one a day", n)
	}
	_, err = w.asg.DeleteAutoScalingGroup(t.Context(), &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: new("batch"), ForceDelete: new(true)})
	must(t, err)
	w.box.Advance(7 * time.Hour)
	w.wantAsked("once the group is gone", map[string]string{"batch": "opened:proposed closed:ignored"})
}

// proposed counts the records of proposals.
func (w *world) proposed() (n int) {
	for _, r := range w.records() {
		if r.Outcome == outcome.Proposed {
			n++
		}
	}
	return n
}

// TestPeopleAreToldWhereTheLogCannotBeRead: rather once more than not at all.
func TestPeopleAreToldWhereTheLogCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asking(), func(s *setup) { s.unwatched = true })
	for _, name := range []string{"diagnose", "remediate"} {
		w.revoke(permission.Diagnose, "logs:FilterLogEvents", "arn:aws:logs:"+region+":"+account+":log-group:/aws/lambda/keymend-"+name+":*")
	}
	w.broken("batch", w.key(rootOnly, nil))
	w.box.Advance(time.Hour)
	if got := w.asked()["batch"]; !strings.HasPrefix(got, "opened:proposed") {
		t.Errorf("people were told %q\n%v", got, w.story())
	}
	if log := strings.Join(w.lines("/aws/lambda/keymend-diagnose"), "\n"); !strings.Contains(log, "read whether people were told of") {
		t.Error("the log says nothing of it")
	}
}
