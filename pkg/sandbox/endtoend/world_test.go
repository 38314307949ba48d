package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"keymend/infra/template"
	"keymend/pkg/apply/table"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
	"keymend/pkg/signal"
)

// A world is one sandbox with Keymend deployed into one account of it.
type world struct {
	t    testing.TB
	box  *sandbox.Sandbox
	asg  *autoscaling.Client
	ec2  *ec2.Client
	kms  *kms.Client
	iam  *iam.Client
	ssm  *ssm.Client
	sqs  *sqs.Client
	bus  *eventbridge.Client
	logs *cloudwatchlogs.Client
	cfg  aws.Config
	url  string
}

// An option changes a world before Keymend is deployed into it.
type option func(*setup)

type setup struct {
	params    map[string]string
	switches  sandbox.Switches
	document  func([]byte) []byte
	unwatched bool // nobody asks in the end whether the log explains every write
	sweeps    bool // what no event told of is looked for, too
	drifts    bool // it is heard what others do to keys, templates and settings, and what KMS denies
	start     time.Time
	region    string
}

// with sets a parameter of the account template.
func with(name, value string) option { return func(s *setup) { s.params[name] = value } }

// switched changes the sandbox's switches.
func switched(change func(*sandbox.Switches)) option {
	return func(s *setup) { change(&s.switches) }
}

// sweeping has what no event told of looked for, as Keymend does where it is deployed.
// A story that is about events goes without.
func sweeping() option { return func(s *setup) { s.sweeps = true } }

// drifting has it heard what others do to keys, templates, groups and settings, and what
// KMS denies, as Keymend does where it is deployed. Other stories are about launches.
func drifting() option { return func(s *setup) { s.drifts = true } }

// edited changes the template itself.
func edited(change func([]byte) []byte) option { return func(s *setup) { s.document = change } }

// newWorld starts a sandbox and deploys the built functions into it, in the
// mode that the shipped settings have.
func newWorld(t testing.TB, options ...option) *world {
	t.Helper()
	s := setup{
		params:   map[string]string{"Mode": "enforce", "VerifyInterval": "1ms"},
		switches: sandbox.DefaultSwitches(), start: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), region: region,
		document: func(b []byte) []byte { return b },
	}
	for _, o := range options {
		o(&s)
	}
	box, err := sandbox.New(sandbox.Options{Start: s.start, Switches: s.switches})
	must(t, err)
	t.Cleanup(func() { _ = box.Close() })
	url, err := box.Listen("127.0.0.1:0")
	must(t, err)
	_, err = box.ListenFunctions("127.0.0.1:0")
	must(t, err)
	must(t, box.Deploy(s.document(template.Account()), account, s.region, s.params, binaries))
	w := connect(t, box, url, account, s.region)
	for _, r := range signal.Rules() {
		if on := r.Schedule != "" && s.sweeps || r.Schedule == "" && s.drifts; r.Name != "" && !on {
			_, err := w.bus.DisableRule(t.Context(), &eventbridge.DisableRuleInput{Name: new("keymend-" + r.Name)})
			must(t, err)
		}
	}
	w.hear()
	if !s.unwatched {
		t.Cleanup(w.wantExplained)
	}
	return w
}

// as returns the world as another account's administrator sees it.
func (w *world) as(account string) *world { return connect(w.t, w.box, w.url, account, region) }

// in returns the world in another Region.
func (w *world) in(region string) *world { return connect(w.t, w.box, w.url, account, region) }

func connect(t testing.TB, box *sandbox.Sandbox, url, account, region string) *world {
	cfg := aws.Config{
		Region: region, BaseEndpoint: &url,
		Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""),
	}
	return &world{
		t: t, box: box, cfg: cfg, url: url,
		asg: autoscaling.NewFromConfig(cfg), ec2: ec2.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg),
		iam: iam.NewFromConfig(cfg), ssm: ssm.NewFromConfig(cfg), sqs: sqs.NewFromConfig(cfg),
		bus: eventbridge.NewFromConfig(cfg), logs: cloudwatchlogs.NewFromConfig(cfg),
	}
}

// records returns every audit record that the functions have left, in order.
func (w *world) records() []record.Record {
	w.t.Helper()
	var all []record.Record
	for _, name := range []string{"diagnose", "remediate"} {
		for _, line := range w.lines("/aws/lambda/keymend-" + name) {
			r, ok, err := record.Parse([]byte(line), table.Kinds().Kinds())
			must(w.t, err)
			if ok {
				all = append(all, r)
			}
		}
	}
	return all
}

// lines returns what stands in a log group.
func (w *world) lines(group string) []string {
	w.t.Helper()
	var lines []string
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(w.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.t.Context())
		must(w.t, err)
		for _, e := range page.Events {
			lines = append(lines, *e.Message)
		}
	}
	return lines
}

// writes counts the calls that changed a key, a role or a group, by anyone but the
// tests.
func (w *world) writes() int {
	n := 0
	for _, c := range w.box.Calls() {
		switch c.Operation {
		case "PutKeyPolicy", "CreateGrant", "RevokeGrant", "RetireGrant", "CreateServiceLinkedRole", "UpdateAutoScalingGroup", "ResumeProcesses":
			if strings.Contains(c.Caller, "keymend-") && c.Error == "" {
				n++
			}
		}
	}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
