package remediation_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/group"
	"keymend/pkg/launch"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
)

const (
	ownRole  = slr + "_payments"
	groupARN = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/web-prod"
)

// A mover is a world whose settings give groups a role of their own, which isn't
// there yet.
type mover struct {
	*world
	made    time.Time // the role; zero = it is missing
	updates int
	created int
}

func newMover() *mover {
	m := &mover{world: newWorld()}
	m.launch.GroupARN = groupARN
	return m
}

// Role implements apply.Keys.
func (m *mover) Role(ctx context.Context, arn string) (access.Principal, error) {
	p, err := m.world.Role(ctx, arn)
	if arn == ownRole {
		if p.ID, p.Created = "AROAOWN", m.made; m.made.IsZero() {
			p.ID = ""
		}
	}
	return p, err
}

// CreateServiceLinkedRole implements apply.IAM.
func (m *mover) CreateServiceLinkedRole(context.Context, *iam.CreateServiceLinkedRoleInput, ...func(*iam.Options)) (*iam.CreateServiceLinkedRoleOutput, error) {
	if err := m.at("Make"); err != nil {
		return nil, err
	}
	m.created++
	m.made = time.Date(2026, 3, 2, 9, 0, 5, 0, time.UTC)
	return &iam.CreateServiceLinkedRoleOutput{}, nil
}

// ResumeProcesses implements apply.Groups.
func (m *mover) ResumeProcesses(_ context.Context, in *autoscaling.ResumeProcessesInput, _ ...func(*autoscaling.Options)) (*autoscaling.ResumeProcessesOutput, error) {
	if len(in.ScalingProcesses) == 1 && in.ScalingProcesses[0] == "Launch" {
		m.launch.Suspended = nil
	}
	return &autoscaling.ResumeProcessesOutput{}, m.fail["Resume"]
}

// SuspendProcesses implements apply.Groups.
func (m *mover) SuspendProcesses(context.Context, *autoscaling.SuspendProcessesInput, ...func(*autoscaling.Options)) (*autoscaling.SuspendProcessesOutput, error) {
	m.launch.Suspended = &launch.Suspension{Reason: "User suspended at 2026-03-02T10:00:00Z"}
	return &autoscaling.SuspendProcessesOutput{}, nil
}

// UpdateAutoScalingGroup implements apply.Groups.
func (m *mover) UpdateAutoScalingGroup(_ context.Context, in *autoscaling.UpdateAutoScalingGroupInput, _ ...func(*autoscaling.Options)) (*autoscaling.UpdateAutoScalingGroupOutput, error) {
	if err := m.at("Update"); err != nil {
		return nil, err
	}
	m.updates++
	m.launch.Principal.ARN = *in.ServiceLinkedRoleARN
	return &autoscaling.UpdateAutoScalingGroupOutput{}, nil
}

// DescribeAutoScalingGroups implements apply.Groups.
func (m *mover) DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	return &autoscaling.DescribeAutoScalingGroupsOutput{}, nil
}

// DeleteServiceLinkedRole implements apply.IAM.
func (m *mover) DeleteServiceLinkedRole(context.Context, *iam.DeleteServiceLinkedRoleInput, ...func(*iam.Options)) (*iam.DeleteServiceLinkedRoleOutput, error) {
	if m.made.IsZero() {
		return nil, &types.NoSuchEntityException{}
	}
	m.made = time.Time{}
	return &iam.DeleteServiceLinkedRoleOutput{}, nil
}

// GetServiceLinkedRoleDeletionStatus implements apply.IAM.
func (m *mover) GetServiceLinkedRoleDeletionStatus(context.Context, *iam.GetServiceLinkedRoleDeletionStatusInput, ...func(*iam.Options)) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error) {
	return &iam.GetServiceLinkedRoleDeletionStatusOutput{Status: "SUCCEEDED"}, nil
}

func (m *mover) fixer(change ...func(*remediation.Fixer)) *remediation.Fixer {
	return m.world.fixer(append([]func(*remediation.Fixer){seeing(m), m.writing(session{kms: m, iam: m, groups: m, ec2: &archive{}}), func(x *remediation.Fixer) {
		x.Settings.Dedicated = "payments"
	}}, change...)...)
}

// stepsOf are the messages' first steps.
func stepsOf(messages []remediation.Message) string {
	var out []string
	for _, m := range messages {
		out = append(out, m.Steps[0].Kind())
	}
	return strings.Join(out, " ")
}

// Each step is sent once the one before it stands, by whoever carried that out;
// each session is for one action on one target.
func TestMove(t *testing.T) {
	t.Parallel()
	m := newMover()
	found, err := m.fixer().Looker.Diagnose(t.Context(), failure())
	if err != nil || stepsOf(m.sent) != "EnsureServiceLinkedRole" {
		t.Fatalf("sent %q, %v", stepsOf(m.sent), err)
	}
	if diff := cmp.Diff([]string{"finding:waiting", "finding:sent"}, outcomes(m.records)); diff != "" {
		t.Error(diff)
	}
	if r := found[0].Record; r.Principal != ownRole || r.GroupRole != slr || r.Plan.Steps[0].Kind() != "EditKeyPolicy" {
		t.Errorf("%+v", r)
	}
	for _, want := range []string{"EditKeyPolicy", "UpdateGroup", ""} {
		message := wired(t, m.sent[0])
		message.Delivery.Receives = 1
		m.sent = nil
		r, err := m.fixer().Remediate(t.Context(), message)
		if err != nil || r.Outcome != outcome.Fixed || stepsOf(m.sent) != want || r.Principal != ownRole {
			t.Fatalf("after %s: %s %s, sent %q, %v", message.Steps[0].Kind(), r.Outcome, r.Reason, stepsOf(m.sent), err)
		}
	}
	if m.created != 1 || m.puts != 1 || m.updates != 1 || m.launch.Principal.ARN != ownRole || strings.Contains(m.policy, slr+`"`) {
		t.Errorf("%d roles made, %d policies written, %d groups updated: %s", m.created, m.puts, m.updates, m.policy)
	}
	var sessions []string
	for _, s := range m.opened {
		sessions = append(sessions, s.Action+" "+s.Target+" "+s.Pass)
	}
	want := []string{
		"iam:CreateServiceLinkedRole " + ownRole + " ", "kms:PutKeyPolicy " + keyARN + " ",
		"autoscaling:UpdateAutoScalingGroup " + groupARN + " " + ownRole,
	}
	if diff := cmp.Diff(want, sessions); diff != "" {
		t.Error(diff)
	}
	m.sent = nil
	if _, err := m.fixer().Diagnose(t.Context(), failure()); err != nil || len(m.sent) != 0 {
		t.Errorf("once more: sent %q, %v", stepsOf(m.sent), err)
	}
}

// upTo carries out a move up to the step of a type, and returns that step's
// message.
func (m *mover) upTo(t *testing.T, step string) remediation.Message {
	t.Helper()
	if _, err := m.fixer().Diagnose(t.Context(), failure()); err != nil {
		t.Fatal(err)
	}
	for len(m.sent) > 0 && stepsOf(m.sent[:1]) != step {
		now := m.sent[0]
		m.sent = nil
		if _, err := m.fixer().Remediate(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.sent) == 0 {
		t.Fatalf("%s never came", step)
	}
	now := wired(t, m.sent[0])
	m.records, m.sent = nil, nil
	return now
}

// What is sent is carried out only if the facts still ask for it, and the guard
// permits it. Where they ask for something else of the same group, that is carried
// out: the lock is the group's.
func TestMoveFollowsTheFacts(t *testing.T) {
	t.Parallel()
	d, err := keypolicy.Parse(rootOnly)
	if err != nil {
		t.Fatal(err)
	}
	open, err := keypolicy.Allow(d, slr)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		step  string
		since func(m *mover, message *remediation.Message)
		want  outcome.Outcome
	}{
		"a key is closed again":          {"UpdateGroup", func(m *mover, _ *remediation.Message) { m.policy = rootOnly }, outcome.Superseded},
		"someone else moved the group":   {"UpdateGroup", func(m *mover, _ *remediation.Message) { m.launch.Principal.ARN = slr + "_theirs" }, outcome.Fixed},
		"the group is CloudFormation's":  {"UpdateGroup", func(m *mover, _ *remediation.Message) { m.launch.ManagedBy = "cloudformation (stack web)" }, outcome.Superseded},
		"the group is to be ignored":     {"UpdateGroup", func(m *mover, _ *remediation.Message) { m.launch.Tags = map[string]string{"keymend": "ignore"} }, outcome.Refused},
		"which keys it needs is unknown": {"UpdateGroup", func(m *mover, _ *remediation.Message) { m.launch.Unknown = []string{"the image is gone"} }, outcome.Superseded},
		"the message names another role": {"UpdateGroup", func(_ *mover, message *remediation.Message) {
			message.Steps = change.Steps{group.Update{Group: groupARN, Name: "web-prod", Before: slr, After: slr + "_evil"}}
			message.Digest = strings.Repeat("0", 64)
		}, outcome.Fixed},
		"the key's consent is gone": {"EnsureServiceLinkedRole", func(m *mover, _ *remediation.Message) { m.tags = nil }, outcome.Superseded},
		"it launches as it is":      {"EnsureServiceLinkedRole", func(m *mover, _ *remediation.Message) { m.policy = open.After }, outcome.Superseded},
		"the role is there":         {"EnsureServiceLinkedRole", func(m *mover, _ *remediation.Message) { m.made = time.Now() }, outcome.Superseded},
		"writing was forbidden": {"UpdateGroup", func(m *mover, _ *remediation.Message) {
			m.fail["Update"] = denied("autoscaling:UpdateAutoScalingGroup")
		}, outcome.NotPermitted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMover()
			message := m.upTo(t, tc.step)
			created, updates := m.created, m.updates
			message.Delivery.Receives = 1
			tc.since(m, &message)
			r, err := m.fixer().Remediate(t.Context(), message)
			if fresh := tc.want == outcome.Fixed; fresh { // the plan as it is now, about the same group
				updates++
				if m.launch.Principal.ARN != ownRole || m.records[0].Outcome != outcome.Superseded || m.records[0].Digest != message.Digest || r.Digest == message.Digest {
					t.Errorf("launches as %s: %v", m.launch.Principal.ARN, outcomes(m.records))
				}
			}
			if err != nil || r.Outcome != tc.want || m.created != created || m.updates != updates {
				t.Errorf("%s %s, %v", r.Outcome, r.Reason, err)
			}
		})
	}
}

// The function ended between write and record: the next delivery completes the
// record, with the undo, and goes on; it claims nothing that others did before.
func TestMoveCrash(t *testing.T) {
	t.Parallel()
	lost := errors.New("the log is gone")
	sent := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for step, next := range map[string]string{"EnsureServiceLinkedRole": "EditKeyPolicy", "UpdateGroup": ""} {
		m := newMover()
		message := m.upTo(t, step)
		message.Delivery = remediation.Delivery{Sent: sent, Receives: 1}
		m.noteErr = func(r record.Record) error {
			if r.Phase == record.Result {
				return lost
			}
			return nil
		}
		if _, err := m.fixer().Remediate(t.Context(), message); !errors.Is(err, lost) {
			t.Fatalf("%s: %v", step, err)
		}
		m.noteErr, m.sent, message.Delivery.Receives = nil, nil, 2
		r, err := m.fixer().Remediate(t.Context(), message)
		if err != nil || r.Outcome != outcome.Stands || len(r.Undo) == 0 || r.RemediationID != m.records[0].RemediationID || stepsOf(m.sent) != next || m.created != 1 {
			t.Errorf("%s: %s %s, sent %q, %v", step, r.Outcome, r.Reason, stepsOf(m.sent), err)
		}
		if _, err := m.fixer().Undo(t.Context(), r); err != nil || step == "UpdateGroup" && m.launch.Principal.ARN != slr || step != "UpdateGroup" && !m.made.IsZero() {
			t.Errorf("%s: undone: %v, launches as %s, role of %v", step, err, m.launch.Principal.ARN, m.made)
		}
	}
	m := newMover()
	message := m.upTo(t, "EnsureServiceLinkedRole")
	m.made, message.Delivery = sent.Add(-time.Hour), remediation.Delivery{Sent: sent, Receives: 2}
	if r, err := m.fixer().Remediate(t.Context(), message); err != nil || r.Outcome != outcome.Superseded || len(r.Undo) != 0 || m.created != 0 {
		t.Errorf("a role that stood before: %s, undo %v, %v", r.Outcome, r.Undo, err)
	}
}

// An undo of a role or a group is about the record's own.
func TestUndoOfAMoveIsAboutItsRecord(t *testing.T) {
	t.Parallel()
	for name, undo := range map[string]string{
		"another role":            `{"deleteRole":{"role":"` + slr + `_other"}}`,
		"the default role":        `{"deleteRole":{"role":"` + slr + `"}}`,
		"another account's role":  `{"deleteRole":{"role":"` + strings.ReplaceAll(ownRole, accountID, "444455556666") + `"}}`,
		"another group":           `{"restoreRole":{"group":"` + groupARN + `x","name":"web-prodx","ours":"` + ownRole + `","role":"` + slr + `"}}`,
		"another group's ARN":     `{"restoreRole":{"group":"` + groupARN + `x","name":"web-prod","ours":"` + ownRole + `","role":"` + slr + `"}}`,
		"another group's name":    `{"restoreRole":{"group":"` + groupARN + `","name":"other","ours":"` + ownRole + `","role":"` + slr + `"}}`,
		"not ours":                `{"restoreRole":{"group":"` + groupARN + `","name":"web-prod","ours":"` + slr + `","role":"` + slr + `_x"}}`,
		"back to an ordinary one": `{"restoreRole":{"group":"` + groupARN + `","name":"web-prod","ours":"` + ownRole + `","role":"arn:aws:iam::111122223333:role/admin"}}`,
		"two at once":             `{"deleteRole":{"role":"` + ownRole + `"},"restoreRole":{"group":"` + groupARN + `","name":"web-prod","ours":"` + ownRole + `","role":"` + slr + `"}}`,
	} {
		m := newMover()
		m.launch.Principal.ARN = ownRole
		r := parsed(t, `{"schema":"keymend.audit/1","account":"`+accountID+`","region":"`+region+`","group":"web-prod","principal":"`+ownRole+`","undo":`+undo+`}`)
		if _, err := m.fixer().Undo(t.Context(), r); err == nil || m.updates != 0 || len(m.records) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
