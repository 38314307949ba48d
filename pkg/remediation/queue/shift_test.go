package queue_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/apply/table"
	"keymend/pkg/guard"
	"keymend/pkg/history"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/queue"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
)

const (
	keyARN = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000009"
	slr    = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	// open is a key policy with Keymend's statements.
	open = `{"Version":"2012-10-17","Statement":[{"Sid":"KeymendUse","Effect":"Allow","Principal":{"AWS":["` + slr + `"]},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},{"Sid":"KeymendCreateGrant","Effect":"Allow","Principal":{"AWS":["` + slr + `"]},"Action":["kms:CreateGrant"],"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}]}`
)

// A shift is a world in which every key is open, by Keymend's own statement: each
// look at a group leaves one record. It notes what the handlers have looked at, and
// what of that goes wrong.
type shift struct {
	settings settings.Config
	looks    []string // groups, as they were read
	records  []record.Record
	logged   []error
	fail     map[string]error // by group, or by image
	noteErr  error
	at       func(context.Context) // of every look; nil: nothing
	gathered [][]string
	images   map[string]string // groups by their images
	intents  func(id string) ([]string, error)
	asked    []signal.Looks // once
	askErr   error
}

// Send implements remediation.Later.
func (s *shift) Send(context.Context, signal.Looks, time.Duration) error { return nil }

// Once implements remediation.Later.
func (s *shift) Once(_ context.Context, looks signal.Looks) error {
	s.asked = append(s.asked, looks)
	return s.askErr
}

// Fleet implements remediation.Readers.
func (*shift) Fleet(context.Context, string, string) (remediation.Fleet, error) {
	return stillFleet{}, nil
}

// View implements remediation.Readers.
func (s *shift) View(context.Context, string, string) (apply.Reader, error) { return s, nil }

// Switch implements remediation.Readers.
func (*shift) Switch(context.Context) (guard.Switch, string, error) {
	return guard.SwitchNone, "", nil
}

// Logged implements remediation.Readers.
func (s *shift) Logged(_ context.Context, id string, _, _ time.Time) ([]record.Record, error) {
	lines, err := s.intents(id)
	var out []record.Record
	for _, line := range lines {
		if r, ok, _ := record.Parse([]byte(line), table.Kinds().Kinds()); ok {
			out = append(out, r)
		}
	}
	return out, err
}

// Gather implements remediation.Gatherer.
func (s *shift) Gather(groups []string) apply.Reader {
	s.gathered = append(s.gathered, groups)
	return s
}

// Launch implements apply.Reader.
func (s *shift) Launch(ctx context.Context, group string) (launch.Launch, error) {
	if s.at != nil {
		s.at(ctx)
	}
	s.looks = append(s.looks, group)
	return launch.Launch{Group: group, Principal: launch.Principal{ARN: slr}, Keys: []launch.Key{{ID: keyARN, Operations: []string{"Decrypt"}}}}, s.fail[group]
}

// Storage implements apply.Reader.
func (s *shift) Storage() *observe.Storage { return observe.NewStorage(s, s) }

// Key implements apply.Keys.
func (*shift) Key(context.Context, string, string) (keystate.State, error) {
	policy, err := keypolicy.Parse(open)
	return keystate.State{Facts: access.Facts{Policy: policy, Key: access.Key{ARN: keyARN, State: "Enabled", Manager: "CUSTOMER"}}}, err
}

// Policy implements apply.Keys.
func (*shift) Policy(context.Context, string) (string, error) { return open, nil }

// Role implements apply.Keys.
func (*shift) Grant(context.Context, string, string) (access.Grant, error) {
	return access.Grant{}, nil
}

func (*shift) Role(_ context.Context, arn string) (access.Principal, error) {
	return access.Principal{ARN: arn, ID: "AROAEXAMPLE1234567890"}, nil
}

// DescribeImages implements observe.Images.
func (s *shift) DescribeImages(_ context.Context, in *ec2.DescribeImagesInput, _ ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	out, id := &ec2.DescribeImagesOutput{}, in.ImageIds[0]
	if group, ok := s.images[id]; ok {
		out.Images = []types.Image{{ImageId: &id, SourceImageId: new("ami-1"), Tags: []types.Tag{{Key: new("keymend-copy-of"), Value: new("ami-1")}, {Key: new("keymend-group"), Value: &group}}}}
	}
	return out, s.fail[id]
}

// DescribeSnapshots implements observe.Images.
func (*shift) DescribeSnapshots(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	return &ec2.DescribeSnapshotsOutput{}, nil
}

// DescribeLaunchTemplates implements observe.Images.
func (*shift) DescribeLaunchTemplates(context.Context, *ec2.DescribeLaunchTemplatesInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplatesOutput, error) {
	return &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: []types.LaunchTemplate{{LaunchTemplateId: new("lt-1")}}}, nil
}

// DescribeLaunchTemplateVersions implements observe.Images.
func (*shift) DescribeLaunchTemplateVersions(context.Context, *ec2.DescribeLaunchTemplateVersionsInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	return &ec2.DescribeLaunchTemplateVersionsOutput{}, nil
}

// DescribeAutoScalingGroups implements observe.Groups.
func (*shift) DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	return &autoscaling.DescribeAutoScalingGroupsOutput{}, nil
}

// Write implements remediation.Log.
func (s *shift) Write(_ context.Context, r record.Record) error {
	s.records = append(s.records, r)
	return s.noteErr
}

func (s *shift) looker() *remediation.Looker {
	return &remediation.Looker{Settings: s.settings, AWS: s, Queue: remediation.Nobody{}, Later: s, Log: s, Kinds: table.Kinds(), Plan: plan.All}
}

func (s *shift) function() queue.Function {
	return queue.Function{Complain: func(_ context.Context, err error) { s.logged = append(s.logged, err) }}
}

func (s *shift) onSignals() queue.Signals {
	return queue.Signals{Looker: s.looker(), Function: s.function()}
}

func (s *shift) onChanges() queue.Changes {
	return queue.Changes{Function: s.function(), Fixer: &remediation.Fixer{
		Looker: *s.looker(), Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Open: func(context.Context, remediation.Session) (apply.Session, error) {
			return nil, errors.New("nothing is written here")
		},
	}}
}

// with returns the records of an outcome.
func (s *shift) with(o outcome.Outcome) []record.Record {
	var out []record.Record
	for _, r := range s.records {
		if r.Outcome == o {
			out = append(out, r)
		}
	}
	return out
}

// sample is one of the events and messages that the functions' tests start with.
func sample(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../../functions/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// event is one of the captured ones.
func event(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../signal/testdata/events/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func batch(bodies ...string) events.SQSEvent {
	var e events.SQSEvent
	for i, b := range bodies {
		e.Records = append(e.Records, events.SQSMessage{MessageId: string(rune('a' + i)), Body: b})
	}
	return e
}

// delivered is a batch as the queue hands it out for the so-many-eth time.
func delivered(times string, bodies ...string) events.SQSEvent {
	e := batch(bodies...)
	for i := range e.Records {
		e.Records[i].Attributes = map[string]string{"SentTimestamp": "1772442000000", "ApproximateReceiveCount": times}
	}
	return e
}

func failed(r events.SQSEventResponse) string {
	var out []string
	for _, f := range r.BatchItemFailures {
		out = append(out, f.ItemIdentifier)
	}
	return strings.Join(out, " ")
}

// A still fleet has no groups, and nothing fails.
type stillFleet struct{}

func (stillFleet) Groups(context.Context) ([]observe.Group, error) { return nil, nil }

func (stillFleet) Told(context.Context, time.Time, time.Time, func(history.Entry)) error {
	return nil
}

func (stillFleet) Users(context.Context, signal.Users) ([]observe.Group, error) { return nil, nil }

func (stillFleet) Course(context.Context, string) (observe.Course, error) {
	return observe.Course{}, nil
}
