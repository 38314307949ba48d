// Package apply carries out steps. Each kind has a room below, with the half of it
// that talks to AWS; pkg/apply/table lists them. A step whose effect is there
// already is not carried out again.
//
// AWS has no compare-and-set for what is changed here: a step is read again right
// before it is written, and once more after.
package apply

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/change"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/observe"
)

var (
	// ErrSuperseded says that what a step was made for isn't so any more: somebody
	// changed it in between. Nothing was written.
	ErrSuperseded = errors.New("it has changed since the plan was made")
	// ErrInUse says that what was to be taken away is in use, and stays.
	ErrInUse = account.NewFinal("it is in use, and stays")
)

// A Reader reads what steps rest on, in the accounts that it can reach.
type Reader interface {
	// Launch says what a group's next instance will ask for. The error is
	// launch.ErrGroupNotFound where the group is gone.
	Launch(ctx context.Context, group string) (launch.Launch, error)
	// Storage reads images, snapshots and templates of the group's account.
	Storage() *observe.Storage
	Keys
}

// Keys reads keys and roles.
type Keys interface {
	// Key reads a key, and the grants to one principal. A key of another account
	// is read there, where that account lets it.
	Key(ctx context.Context, id, principalARN string) (keystate.State, error)
	// Policy reads a key's policy as it is now.
	Policy(ctx context.Context, key string) (string, error)
	// Grant returns the grant with an id on a key, whoever its grantee is. One that is
	// gone has no ID.
	Grant(ctx context.Context, key, id string) (access.Grant, error)
	// Role reads a role. One that doesn't exist has no ID.
	Role(ctx context.Context, arn string) (access.Principal, error)
}

// A Session may make the calls of one step, on their targets.
type Session interface {
	KMS() KMS
	IAM() IAM
	Groups() Groups
	EC2() EC2
}

// KMS changes who may use a key.
type KMS interface {
	PutKeyPolicy(context.Context, *kms.PutKeyPolicyInput, ...func(*kms.Options)) (*kms.PutKeyPolicyOutput, error)
	CreateGrant(context.Context, *kms.CreateGrantInput, ...func(*kms.Options)) (*kms.CreateGrantOutput, error)
	RevokeGrant(context.Context, *kms.RevokeGrantInput, ...func(*kms.Options)) (*kms.RevokeGrantOutput, error)
	RetireGrant(context.Context, *kms.RetireGrantInput, ...func(*kms.Options)) (*kms.RetireGrantOutput, error)
}

// IAM makes service-linked roles, and deletes them.
type IAM interface {
	CreateServiceLinkedRole(context.Context, *iam.CreateServiceLinkedRoleInput, ...func(*iam.Options)) (*iam.CreateServiceLinkedRoleOutput, error)
	DeleteServiceLinkedRole(context.Context, *iam.DeleteServiceLinkedRoleInput, ...func(*iam.Options)) (*iam.DeleteServiceLinkedRoleOutput, error)
	GetServiceLinkedRoleDeletionStatus(context.Context, *iam.GetServiceLinkedRoleDeletionStatusInput, ...func(*iam.Options)) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error)
}

// Groups changes Auto Scaling groups.
type Groups interface {
	UpdateAutoScalingGroup(context.Context, *autoscaling.UpdateAutoScalingGroupInput, ...func(*autoscaling.Options)) (*autoscaling.UpdateAutoScalingGroupOutput, error)
	ResumeProcesses(context.Context, *autoscaling.ResumeProcessesInput, ...func(*autoscaling.Options)) (*autoscaling.ResumeProcessesOutput, error)
	SuspendProcesses(context.Context, *autoscaling.SuspendProcessesInput, ...func(*autoscaling.Options)) (*autoscaling.SuspendProcessesOutput, error)
	DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error)
}

// EC2 changes copies and launch templates.
type EC2 interface {
	Copies
	CreateLaunchTemplateVersion(context.Context, *ec2.CreateLaunchTemplateVersionInput, ...func(*ec2.Options)) (*ec2.CreateLaunchTemplateVersionOutput, error)
	ModifyLaunchTemplate(context.Context, *ec2.ModifyLaunchTemplateInput, ...func(*ec2.Options)) (*ec2.ModifyLaunchTemplateOutput, error)
	DeleteLaunchTemplateVersions(context.Context, *ec2.DeleteLaunchTemplateVersionsInput, ...func(*ec2.Options)) (*ec2.DeleteLaunchTemplateVersionsOutput, error)
}

// Copies makes copies and takes them away.
type Copies interface {
	CopyImage(context.Context, *ec2.CopyImageInput, ...func(*ec2.Options)) (*ec2.CopyImageOutput, error)
	CopySnapshot(context.Context, *ec2.CopySnapshotInput, ...func(*ec2.Options)) (*ec2.CopySnapshotOutput, error)
	DeregisterImage(context.Context, *ec2.DeregisterImageInput, ...func(*ec2.Options)) (*ec2.DeregisterImageOutput, error)
	DeleteSnapshot(context.Context, *ec2.DeleteSnapshotInput, ...func(*ec2.Options)) (*ec2.DeleteSnapshotOutput, error)
}

var (
	_ KMS    = (*kms.Client)(nil)
	_ IAM    = (*iam.Client)(nil)
	_ Groups = (*autoscaling.Client)(nil)
	_ EC2    = (*ec2.Client)(nil)
)

// An Env is what one remediation's steps are carried out in.
type Env struct {
	Reader
	Open  func(context.Context, change.Call) (Session, error)
	Sleep func(context.Context, time.Duration) error // or the context's error
	By    change.Mark
	// Before is what came of the steps before this one.
	Before []change.Result
	Group  string // whose launch is to be mended
	// Means returns the ARN of a key that a launch needs, as it is written there.
	Means func(written string) string
}

// Again tries up to so many times while an error says that it may pass, with a
// pause between. A pause of a few seconds is what KMS and Auto Scaling need to know
// what IAM has just made.
func (e Env) Again(ctx context.Context, tries int, passes func(error) bool, do func() error) error {
	for i := 1; ; i++ {
		err := do()
		if err == nil || i == tries || !passes(err) {
			return err
		}
		if err := e.Pause(ctx, i); err != nil {
			return err
		}
	}
}

// Pause waits before the next try: from one second to twice as long at each try, and
// never as long as somebody else who began at the same time.
func (e Env) Pause(ctx context.Context, try int) error {
	const shortest, longest = time.Second, 16 * time.Second
	span := min(shortest<<min(try, 5), longest)
	return e.Sleep(ctx, shortest+rand.N(span)) //nolint:gosec // spread, no secret
}
