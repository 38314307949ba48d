package endtoend_test

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"keymend/pkg/sandbox"
)

// TestTenThousandGroups: a recent sweep of an account costs what its pages of groups cost,
// a full one that and its distinct templates, images and keys for each page of looks; no
// group is looked at twice, and the function stays within 128 MiB.
func TestTenThousandGroups(t *testing.T) {
	const groups, templates = 10_000, 10
	w := newWorld(t, sweeping(), switched(silent), func(s *setup) { s.unwatched = true })
	key := w.key(rootOnly, nil)
	image := w.image()
	var ids []string
	for i := range templates {
		ids = append(ids, w.templateOf(fmt.Sprintf("t-%d", i), image, key))
	}
	var busy sync.WaitGroup
	for part := range 8 {
		busy.Go(func() {
			for i := part; i < groups; i += 8 {
				_, err := w.asg.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
					AutoScalingGroupName: new(fmt.Sprintf("g-%05d", i)), MinSize: new(int32(0)), MaxSize: new(int32(0)), AvailabilityZones: []string{region + "a"},
					LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateId: &ids[i%templates], Version: new("$Latest")},
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	busy.Wait()
	w.putPolicy(key, strings.TrimSuffix(rootOnly, "]}")+`,{"Sid":"Mine","Effect":"Allow","Principal":{"AWS":"`+role+`"},"Action":"kms:*","Resource":"*"}]}`)
	before := len(w.box.Calls())
	w.box.Advance(16 * time.Minute)
	recent := counted(w.box.Calls()[before:])
	if recent["DescribeAutoScalingGroups"] != groups/100 || recent["DescribeLaunchTemplateVersions"]+recent["GetKeyPolicy"]+recent["SendMessage"] > 0 {
		t.Errorf("a recent sweep: %v", recent)
	}
	_, err := w.bus.DisableRule(t.Context(), &eventbridge.DisableRuleInput{Name: new("keymend-sweep-recent")})
	must(t, err)
	before = len(w.box.Calls())
	w.box.Advance(6*time.Hour - 5*time.Minute)
	full := counted(w.box.Calls()[before:])
	const pages = groups / 25
	for operation, most := range map[string]int{
		"SendMessage": pages, "DescribeAutoScalingGroups": groups/100 + pages,
		"DescribeLaunchTemplateVersions": pages + templates, "DescribeImages": pages + templates, "GetKeyPolicy": pages + templates,
	} {
		if n := full[operation]; n > most || n == 0 {
			t.Errorf("a full sweep has %d calls of %s, want at most %d", n, operation, most)
		}
	}
	if full["SendMessage"] != pages || len(w.records()) > 0 {
		t.Errorf("%d messages for %d pages, %d records", full["SendMessage"], pages, len(w.records()))
	}
	if peak := w.functionsPeak(); peak > 128 || peak == 0 && runtime.GOOS == "linux" {
		t.Errorf("a function needed %d MB", peak)
	}
}

// counted counts the functions' calls by operation, without those that the SDK makes once
// more: a busy machine may lose a connection in the middle of an answer.
func counted(all []sandbox.SeenCall) map[string]int {
	out := map[string]int{}
	for _, c := range all {
		if strings.Contains(c.Caller, ":assumed-role/keymend-") && !c.Retry {
			out[c.Operation]++
		}
	}
	return out
}

// functionsPeak is the most memory that an invocation of diagnose has needed, in MB.
func (w *world) functionsPeak() int {
	peak := 0
	for _, line := range w.lines("/aws/lambda/keymend-diagnose") {
		_, after, _ := strings.Cut(line, "Max Memory Used: ")
		n, _ := strconv.Atoi(strings.TrimSuffix(after, " MB")) // another line has none
		peak = max(peak, n)
	}
	return peak
}
