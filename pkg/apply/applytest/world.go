package applytest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/change"
	"keymend/pkg/observe"
)

// What is in a new World.
const (
	Account     = "111122223333" // the group's
	Theirs      = "444455556666" // another account
	Region      = "eu-west-1"
	OwnKey      = "arn:aws:kms:eu-west-1:111122223333:key/own"
	CopyKey     = "arn:aws:kms:eu-west-1:111122223333:key/copies"
	TheirKey    = "arn:aws:kms:eu-west-1:444455556666:key/theirs"
	Role        = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	Remediation = "r-1" // whose steps Env is for
)

// A World is an AWS in memory, of one Region: what is there, and who may see it. It
// isn't safe for concurrent use.
type World struct {
	Policies  map[string]string           // by the key's ARN
	Grants    []kmstypes.GrantListEntry   // KeyId is the key's ARN
	Roles     map[string]access.Principal // by ARN
	Groups    []astypes.AutoScalingGroup
	Images    []ec2types.Image
	Snapshots []ec2types.Snapshot
	Templates []ec2types.LaunchTemplate // $Latest is the highest of Versions
	Versions  []ec2types.LaunchTemplateVersion

	Now   time.Time
	Slept time.Duration
	// Waits, where it isn't nil, is what others do while Keymend waits.
	Waits func()
	// Answer, where it isn't nil, says what goes wrong with a call.
	Answer func(Call) Fault
	Calls  []Call // those that came in

	made   int               // how many things AWS has named
	tokens map[string]string // what was made by a client token
}

// A Call is a call of AWS, or the opening of a session for one.
type Call struct {
	N      int    // the first is 1
	Action string // as in "kms:PutKeyPolicy"; "open" for a session
	Target string
	Writes bool // it may change something
	Input  any  // the SDK's; a change.Call where a session is opened
}

// A Fault is what goes wrong with a call; the zero Fault: nothing.
type Fault struct {
	Before error // instead of the call's effect
	After  error // the call takes effect, and its reply is lost
}

// New returns a World with a group, web, that launches image ami-1 as Role from
// version 1, the default, of template lt-1, which has a volume under TheirKey. Image
// and its snapshot, snap-1, are Theirs.
func New() *World {
	policy := func(account string) string {
		return `{"Version":"2012-10-17","Statement":[{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}]}`
	}
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	return &World{
		Now: now, tokens: map[string]string{},
		Policies: map[string]string{OwnKey: policy(Account), CopyKey: policy(Account), TheirKey: policy(Theirs)},
		Roles:    map[string]access.Principal{Role: {ARN: Role, ID: "AROAFIRST", Created: now.AddDate(-1, 0, 0)}},
		Groups: []astypes.AutoScalingGroup{{
			AutoScalingGroupName: new("web"), ServiceLinkedRoleARN: new(Role),
			AutoScalingGroupARN: new("arn:aws:autoscaling:" + Region + ":" + Account + ":autoScalingGroup:0a1b:autoScalingGroupName/web"),
			LaunchTemplate:      &astypes.LaunchTemplateSpecification{LaunchTemplateId: new("lt-1"), Version: new("$Default")},
		}},
		Images: []ec2types.Image{{
			ImageId: new("ami-1"), OwnerId: new(Theirs), State: ec2types.ImageStateAvailable, BlockDeviceMappings: mapped("snap-1"),
		}},
		Snapshots: []ec2types.Snapshot{{SnapshotId: new("snap-1"), OwnerId: new(Theirs), KmsKeyId: new(TheirKey), State: ec2types.SnapshotStateCompleted}},
		Templates: []ec2types.LaunchTemplate{{LaunchTemplateId: new("lt-1"), LaunchTemplateName: new("web"), DefaultVersionNumber: new(int64(1))}},
		Versions: []ec2types.LaunchTemplateVersion{{
			LaunchTemplateId: new("lt-1"), VersionNumber: new(int64(1)), LaunchTemplateData: &ec2types.ResponseLaunchTemplateData{
				ImageId: new("ami-1"), BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMapping{
					{DeviceName: new("/dev/sdb"), Ebs: &ec2types.LaunchTemplateEbsBlockDevice{KmsKeyId: new(TheirKey)}},
				},
			},
		}},
	}
}

// Env returns what a step of Remediation is carried out in. Its message was sent a
// minute ago.
func (w *World) Env() apply.Env {
	return apply.Env{
		Reader: w, Group: "web", Means: func(written string) string { return written },
		By: change.Mark{Remediation: Remediation, Occasion: "now", Sent: w.Now.Add(-time.Minute)},
		Open: func(_ context.Context, c change.Call) (apply.Session, error) {
			err := w.call(Call{Action: "open", Target: c.Target, Writes: true, Input: c}, func() error { return nil })
			return session{w, c}, err
		},
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.Now, w.Slept = w.Now.Add(d), w.Slept+d
			if w.Waits != nil {
				w.Waits()
			}
			return ctx.Err()
		},
	}
}

// Made returns the calls of an action that came in.
func (w *World) Made(action string) []Call {
	return slices.DeleteFunc(slices.Clone(w.Calls), func(c Call) bool { return c.Action != action })
}

// Errors returns what answers each call of an action with the next of the errors,
// and those after with none.
func Errors(action string, errs ...error) func(Call) Fault {
	return func(c Call) Fault {
		if c.Action != action || len(errs) == 0 {
			return Fault{}
		}
		next := errs[0]
		errs = errs[1:]
		return Fault{Before: next}
	}
}

// Denied returns AWS's refusal of an action.
func Denied(action string) error {
	return refusal("AccessDeniedException", "User: x is not authorized to perform: %s on resource: y", action)
}

func refusal(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Lines returns what is in the World, as far as a step may change it: a line for
// each thing, without the ids and numbers that AWS gives.
func (w *World) Lines() []string {
	out := slices.Concat(w.kmsLines(), w.groupLines(), w.storageLines(), w.templateLines())
	for _, role := range slices.Collect(maps.Keys(w.Roles)) {
		out = append(out, "role "+role)
	}
	slices.Sort(out)
	return out
}

// call lets a call come in, with its effect.
func (w *World) call(c Call, effect func() error) error {
	c.N = len(w.Calls) + 1
	w.Calls = append(w.Calls, c)
	var f Fault
	if w.Answer != nil {
		f = w.Answer(c)
	}
	if f.Before != nil {
		return fail(f.Before)
	}
	if err := effect(); err != nil {
		return err
	}
	return fail(f.After)
}

// A killedError ends the process that makes a call.
type killedError struct{}

// Error implements error.
func (killedError) Error() string { return "the process was killed" }

// fail returns an error to who called, or ends them.
func fail(err error) error {
	if end, ok := errors.AsType[killedError](err); ok {
		panic(end)
	}
	return err
}

// id names a thing that is made.
func (w *World) id(prefix string) string {
	w.made++
	return fmt.Sprintf("%s-made%d", prefix, w.made)
}

// Storage implements apply.Reader.
func (w *World) Storage() *observe.Storage {
	return observe.NewStorage(describer{w}, describer{w})
}

// A session may make one call, on one target.
type session struct {
	w   *World
	may change.Call
}

// KMS implements apply.Session.
func (s session) KMS() apply.KMS { return keys{s} }

// IAM implements apply.Session.
func (s session) IAM() apply.IAM { return roles{s} }

// Groups implements apply.Session.
func (s session) Groups() apply.Groups { return groups{s} }

// EC2 implements apply.Session.
func (s session) EC2() apply.EC2 { return ec2API{s} }

// write lets a call come in that the session is for, and refuses every other.
func (s session) write(action, target string, in any, effect func() error) error {
	return s.w.call(Call{Action: action, Target: target, Writes: true, Input: in}, func() error {
		if action != s.may.Action || target != s.may.Target {
			return refusal("AccessDenied", "User: x is not authorized to perform: %s on resource: %s because no session policy allows the %s action", action, target, action)
		}
		return effect()
	})
}
