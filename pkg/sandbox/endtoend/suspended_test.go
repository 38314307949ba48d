package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/outcome"
	"keymend/pkg/sandbox"
)

// resuming lets groups launch again that Auto Scaling stopped, which it does after a
// minute.
func resuming() []option {
	return []option{with("ResumeSuspended", "2"), switched(func(s *sandbox.Switches) { s.SuspendAfter = time.Minute })}
}

// stopped is a group that fails until Auto Scaling stops it; then its key is enrolled.
func stopped(w *world, tags ...map[string]string) {
	key := w.key(rootOnly, nil)
	w.broken("web-prod", key)
	for _, all := range tags {
		for k, v := range all {
			_, err := w.asg.CreateOrUpdateTags(w.t.Context(), &autoscaling.CreateOrUpdateTagsInput{Tags: []astypes.Tag{{ResourceId: new("web-prod"), ResourceType: new("auto-scaling-group"), Key: &k, Value: &v, PropagateAtLaunch: new(false)}}})
			must(w.t, err)
		}
	}
	w.box.Advance(10 * time.Minute)
	w.tagKey(key, enrolled)
	w.again()
}

// stopped says by AWS's text why a group doesn't launch; "" = nobody stopped it.
func (w *world) stopped(group string) string {
	w.t.Helper()
	out, err := w.asg.DescribeAutoScalingGroups(w.t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{group}})
	must(w.t, err)
	for _, g := range out.AutoScalingGroups {
		for _, p := range g.SuspendedProcesses {
			if *p.ProcessName == "Launch" {
				return *p.SuspensionReason
			}
		}
	}
	return ""
}

// TestSuspended: a group that was stopped is told with who stopped it and the command
// that resumes it. Auto Scaling's stop ends where the settings say so, a person's never.
func TestSuspended(t *testing.T) {
	t.Parallel()
	suspends := func(w *world) {
		_, err := w.asg.SuspendProcesses(t.Context(), &autoscaling.SuspendProcessesInput{AutoScalingGroupName: new("web-prod"), ScalingProcesses: []string{"Launch"}})
		must(t, err)
	}
	for name, tc := range map[string]struct {
		options []option
		person  bool
		tags    map[string]string // the group's
		says    string            // the record about the group; "" = it is launched again
	}{
		"by the settings":                   {options: resuming()},
		"by default":                        {options: append(resuming(), with("ResumeSuspended", "0")), says: "Auto Scaling stopped the group from launching"},
		"of a node group of EKS":            {options: append(resuming(), with("ResumeSuspended", "0")), tags: map[string]string{"eks:nodegroup-name": "workers"}, says: "EKS may have given up: a node group that stays CREATE_FAILED is made anew"},
		"of a stack":                        {options: append(resuming(), with("ResumeSuspended", "0")), tags: map[string]string{"aws:cloudformation:stack-name": "web"}, says: "CloudFormation may have given up: a stack that was rolled back is made or updated again"},
		"too many are missing":              {options: append(resuming(), with("ResumeSuspended", "1")), says: "Account 111122223333 runs: aws autoscaling resume-processes"},
		"a person stopped it":               {options: append(resuming(), switched(func(s *sandbox.Switches) { s.SuspendAfter = 0 })), person: true, says: "a person stopped the group from launching: User suspended"},
		"AWS's text doesn't say who it was": {options: append(resuming(), switched(func(s *sandbox.Switches) { s.SuspensionReason = "Too many failures" })), says: "somebody stopped the group from launching: Too many failures"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tc.options...)
			if tc.person {
				key := w.key(rootOnly, nil)
				w.broken("web-prod", key)
				w.box.Advance(10 * time.Minute)
				suspends(w)
				w.tagKey(key, enrolled)
				w.again()
			} else {
				stopped(w, tc.tags)
			}
			w.box.Advance(time.Hour)
			last := w.records()[0]
			for _, r := range w.records() {
				if r.Outcome == outcome.Recovered || r.Outcome == outcome.Suspended || strings.Contains(r.Reason, "instances are missing") {
					last = r
				}
			}
			if resumed := w.stopped("web-prod") == ""; resumed != (tc.says == "") || resumed != (w.inService("web-prod") == 2) {
				t.Fatalf("it may launch: %v\n%v", resumed, w.story())
			}
			if tc.says == "" {
				if last.Outcome != outcome.Recovered || last.Proof.Recovered == nil || last.Proof.Recovered.SinceFailure < 60 || w.writes() != 2 {
					t.Errorf("%d writes, %+v", w.writes(), last)
				}
				return
			}
			if w.writes() != 1 || !strings.Contains(last.Reason, tc.says) || last.Outcome == outcome.Suspended && !strings.Contains(last.Reason, "aws autoscaling resume-processes --auto-scaling-group-name=web-prod --scaling-processes Launch") {
				t.Errorf("%d writes, %s %s\n%v", w.writes(), last.Outcome, last.Reason, w.story())
			}
		})
	}
}
