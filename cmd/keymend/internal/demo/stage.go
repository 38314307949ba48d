package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/tidwall/gjson"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/cmd/keymend/internal/screen"
	"keymend/infra/template"
	"keymend/pkg/sandbox"
)

// The accounts of the story. Keymend enforces in the first, and only observes
// in the second.
const (
	enforcing = scenario.Account
	observing = "444455556666"
	region    = scenario.Region
)

// The instance types of the story. Of one AWS has none.
const (
	machine        = "m5.large"
	noCapacityType = "p4d.24xlarge"
)

// A stage is where the story takes place: a sandbox, Keymend deployed into two
// accounts of it, and what the parts hand on to each other.
type stage struct {
	page    *screen.Page
	options Options
	box     *sandbox.Sandbox
	url     string

	part  string // its number and name, as the story shows them
	calls int    // serial of the last API call before this part

	key    string // of web-prod, ARN
	policy string // of that key, before anything happened
	event  string // AWS's event about web-prod's failed launch, as it was delivered
	change string // id of the remediation that healed web-prod
}

// An actor is the administrator of one account, by its APIs.
type actor struct {
	account string
	seed    *scenario.Seeder
	asg     *autoscaling.Client
	kms     *kms.Client
	logs    *cloudwatchlogs.Client
	bus     *eventbridge.Client
	sqs     *sqs.Client
}

func (s *stage) in(account string) actor {
	cfg := scenario.Config(s.url, account, region)
	return actor{
		account: account, seed: scenario.NewSeeder(cfg, account, s.box.Advance),
		asg: autoscaling.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg), logs: cloudwatchlogs.NewFromConfig(cfg),
		bus: eventbridge.NewFromConfig(cfg), sqs: sqs.NewFromConfig(cfg),
	}
}

// groupUnder makes a key and a group whose template names it; tag says whether the key's
// owner enrolled it. It returns the key's ARN.
func (a actor) groupUnder(ctx context.Context, group, alias, tag string) (string, error) {
	key, err := a.seed.Key(ctx, alias, tag)
	if err != nil {
		return "", err
	}
	return key, a.seed.Group(ctx, group, machine, scenario.Volume{Encrypted: true, Key: key})
}

// open starts the sandbox and deploys Keymend into both accounts.
func open(page *screen.Page, o Options) (*stage, error) {
	switches := sandbox.DefaultSwitches()
	switches.NoCapacity = []string{noCapacityType}
	box, err := sandbox.New(sandbox.Options{Start: time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC), Switches: switches})
	if err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	s := &stage{page: page, options: o, box: box}
	if err := s.deploy(); err != nil {
		return nil, errors.Join(err, box.Close())
	}
	return s, nil
}

func (s *stage) deploy() error {
	var err error
	if s.url, err = s.box.Listen("127.0.0.1:0"); err != nil {
		return fmt.Errorf("start sandbox: %w", err)
	}
	if _, err := s.box.ListenFunctions("127.0.0.1:0"); err != nil {
		return fmt.Errorf("start sandbox: %w", err)
	}
	document, err := withEndpoint(template.Account(), s.options.FunctionsEndpoint)
	if err != nil {
		return err
	}
	for account, mode := range map[string]string{enforcing: "enforce", observing: "observe"} {
		// The reads that prove a write wait in real time.
		params := map[string]string{"Mode": mode, "VerifyInterval": "100ms"}
		if err := s.box.Deploy(document, account, region, params, s.options.Binaries); err != nil {
			return fmt.Errorf("deploy Keymend into account %s: %w", account, err)
		}
	}
	return nil
}

// withEndpoint gives the template's functions another endpoint.
func withEndpoint(document []byte, endpoint string) ([]byte, error) {
	if endpoint == "" {
		return document, nil
	}
	for _, function := range []string{"Diagnose", "Remediate"} {
		variables := gjson.GetBytes(document, "Resources."+function+".Properties.Environment.Variables")
		if !variables.IsObject() {
			return nil, fmt.Errorf("set the endpoint of %s: it has no environment", function)
		}
		// One attempt each: retries wait in real time.
		more := fmt.Sprintf(`"AWS_ENDPOINT_URL":%q,"AWS_MAX_ATTEMPTS":"1",`, endpoint)
		document = slices.Concat(document[:variables.Index+1], []byte(more), document[variables.Index+1:])
	}
	return document, nil
}

// tap makes a queue that hears what Auto Scaling's events say, beside Keymend's
// own.
func (a actor) tap(ctx context.Context) (url string, err error) {
	const name = "tap"
	queue, err := a.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: new(name), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`,
	}})
	if err != nil {
		return "", fmt.Errorf("create queue %s: %w", name, err)
	}
	_, err = a.bus.PutRule(ctx, &eventbridge.PutRuleInput{Name: new(name), EventPattern: new(`{"source":["aws.autoscaling"],"detail-type":["EC2 Instance Launch Unsuccessful"]}`)})
	if err != nil {
		return "", fmt.Errorf("put rule %s: %w", name, err)
	}
	_, err = a.bus.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: new(name), Targets: []eventtypes.Target{
		{Id: new(name), Arn: new("arn:aws:sqs:" + region + ":" + a.account + ":" + name)},
	}})
	if err != nil {
		return "", fmt.Errorf("put targets of rule %s: %w", name, err)
	}
	return *queue.QueueUrl, nil
}

// until moves simulated time on, from one due thing to the next, until done
// says so; it reports whether that came within the limit.
func (s *stage) until(limit time.Duration, done func() (bool, error)) (bool, error) {
	end := s.box.Clock().Now().Add(limit)
	for {
		if ok, err := done(); ok || err != nil {
			return ok, err
		}
		now := s.box.Clock().Now()
		next, due := s.box.Clock().Pending()
		if !due || next.After(end) {
			s.box.Advance(end.Sub(now))
			return done()
		}
		s.box.Advance(max(0, next.Sub(now)))
	}
}

// single tells a part in one line: what it was about, and what came of it.
func (s *stage) single(about, result string) {
	s.page.Spans(screen.Span{Ink: screen.Bold, Text: s.part}, screen.Span{Text: fmt.Sprintf("%-34s ", about)}, screen.Span{Ink: screen.Good, Text: result})
}

// note adds a line below a part's own.
func (s *stage) note(text string) {
	const column = 12
	s.page.Wrapped(strings.Repeat(" ", column), column, text)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
