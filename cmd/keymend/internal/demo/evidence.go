package demo

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/tidwall/gjson"

	"keymend/pkg/apply/table"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
)

// An entry is an audit record as it stands in a function's log.
type entry struct {
	record.Record
	function string
	at       time.Time // simulated, of the log event
}

// entries returns the records about a group that both functions left, oldest
// first. A record counts only within the invocation whose request id it
// carries: Lambda's own lines say which that is.
func (a actor) entries(ctx context.Context, group string) ([]entry, error) {
	var all []entry
	for _, function := range []string{"diagnose", "remediate"} {
		lines, err := a.log(ctx, function)
		if err != nil {
			return nil, err
		}
		invocation := ""
		for _, line := range lines {
			if m := regexp.MustCompile(`^(START|END) RequestId: (\S+)`).FindStringSubmatch(line.text); m != nil {
				invocation = map[string]string{"START": m[2]}[m[1]]
				continue
			}
			r, ok, err := record.Parse([]byte(line.text), table.Kinds().Kinds())
			if err != nil || !ok || r.Group != group {
				continue
			}
			if invocation == "" || r.RequestID != invocation {
				return nil, fmt.Errorf("a record of %s names request %q, and Lambda says %q", function, r.RequestID, invocation)
			}
			all = append(all, entry{r, function, line.at})
		}
	}
	slices.SortStableFunc(all, func(x, y entry) int { return cmp.Compare(x.at.UnixMilli(), y.at.UnixMilli()) })
	return all, nil
}

type logLine struct {
	text string
	at   time.Time
}

func (a actor) log(ctx context.Context, function string) ([]logLine, error) {
	var lines []logLine
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(a.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new(logGroup(function))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read log of %s: %w", function, err)
		}
		for _, e := range page.Events {
			lines = append(lines, logLine{strings.TrimSpace(aws.ToString(e.Message)), time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC()})
		}
	}
	return lines, nil
}

func logGroup(function string) string { return "/aws/lambda/keymend-" + function }

// lastWords returns what a function complained of last, to explain why it left
// no record.
func (a actor) lastWords(ctx context.Context, function string) string {
	lines, err := a.log(ctx, function)
	if err != nil {
		return err.Error()
	}
	for _, line := range slices.Backward(lines) {
		if line.text != "" && !regexp.MustCompile(`^(START|END|REPORT|INIT_START) `).MatchString(line.text) && !strings.Contains(line.text, `"_aws"`) {
			text := line.text
			if said := gjson.Get(text, "error").String(); gjson.Valid(text) && said != "" {
				text = said
			}
			first, _, _ := strings.Cut(text, "\n")
			return first
		}
	}
	return "it was never invoked"
}

// first returns the first entry that fits.
func first(all []entry, fits func(entry) bool) (entry, bool) {
	i := slices.IndexFunc(all, fits)
	if i < 0 {
		return entry{}, false
	}
	return all[i], true
}

// findings returns the ids of what was found, each once.
func findings(all []entry) []string {
	ids := map[string]bool{}
	for _, e := range all {
		if e.Phase == record.Finding && e.Key != "" {
			ids[e.ID] = true
		}
	}
	return sortedKeys(ids)
}

// lastCall is the serial number of the newest API call.
func (s *stage) lastCall() int {
	if calls := s.box.Calls(); len(calls) > 0 {
		return calls[len(calls)-1].Serial
	}
	return 0
}

// writes returns the calls since the part began by which Keymend's functions
// changed something, or tried to; their queues, logs and events apart.
func (s *stage) writes() []sandbox.SeenCall {
	return slices.DeleteFunc(s.box.Calls(), func(c sandbox.SeenCall) bool {
		reads := regexp.MustCompile(`^(Describe|Get|List|Lookup)`).MatchString(c.Operation)
		plumbing := slices.Contains([]string{"sts", "sqs", "logs", "events"}, c.Service)
		return c.Serial <= s.calls || !strings.Contains(c.Caller, ":assumed-role/keymend-") || reads || plumbing
	})
}

// group returns a group as Auto Scaling describes it, and how many of its
// instances are in service.
func (a actor) group(ctx context.Context, name string) (astypes.AutoScalingGroup, []string, error) {
	out, err := a.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if err != nil || len(out.AutoScalingGroups) != 1 {
		return astypes.AutoScalingGroup{}, nil, fmt.Errorf("describe group %s: %w", name, cmp.Or(err, fmt.Errorf("it isn't there")))
	}
	var ids []string
	for _, i := range out.AutoScalingGroups[0].Instances {
		if i.LifecycleState == astypes.LifecycleStateInService {
			ids = append(ids, aws.ToString(i.InstanceId))
		}
	}
	slices.Sort(ids)
	return out.AutoScalingGroups[0], ids, nil
}

// activities returns the group's scaling activities, oldest first.
func (a actor) activities(ctx context.Context, name string) ([]astypes.Activity, error) {
	out, err := a.asg.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: &name})
	if err != nil {
		return nil, fmt.Errorf("describe scaling activities of %s: %w", name, err)
	}
	slices.Reverse(out.Activities)
	return out.Activities, nil
}

// failed returns the first launch that failed.
func (a actor) failed(ctx context.Context, name string) (astypes.Activity, bool, error) {
	all, err := a.activities(ctx, name)
	i := slices.IndexFunc(all, func(x astypes.Activity) bool {
		return x.StatusCode == astypes.ScalingActivityStatusCodeFailed || x.StatusCode == astypes.ScalingActivityStatusCodeCancelled
	})
	if err != nil || i < 0 {
		return astypes.Activity{}, false, err
	}
	return all[i], true, nil
}

func (a actor) keyPolicy(ctx context.Context, key string) (string, error) {
	out, err := a.kms.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key})
	if err != nil {
		return "", fmt.Errorf("get key policy of %s: %w", key, err)
	}
	return aws.ToString(out.Policy), nil
}
