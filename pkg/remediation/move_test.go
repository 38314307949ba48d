package remediation_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/audit"
	"keymend/pkg/keypolicy"
	"keymend/pkg/plan"
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
	next    []remediation.Message
}

func newMover() *mover {
	m := &mover{world: newWorld()}
	m.launch.GroupARN = groupARN
	return m
}

func (m *mover) Role(ctx context.Context, arn string) (access.Principal, error) {
	p, err := m.world.Role(ctx, arn)
	if arn == ownRole {
		if p.ID, p.Created = "AROAOWN", m.made; m.made.IsZero() {
			p.ID = ""
		}
	}
	return p, err
}

func (m *mover) CreateServiceLinkedRole(context.Context, *iam.CreateServiceLinkedRoleInput, ...func(*iam.Options)) (*iam.CreateServiceLinkedRoleOutput, error) {
	if err := m.at("Make"); err != nil {
		return nil, err
	}
	m.created++
	m.made = time.Date(2026, 3, 2, 9, 0, 5, 0, time.UTC)
	return &iam.CreateServiceLinkedRoleOutput{}, nil
}

func (m *mover) UpdateAutoScalingGroup(_ context.Context, in *autoscaling.UpdateAutoScalingGroupInput, _ ...func(*autoscaling.Options)) (*autoscaling.UpdateAutoScalingGroupOutput, error) {
	if err := m.at("Update"); err != nil {
		return nil, err
	}
	m.updates++
	m.launch.Principal.ARN = *in.ServiceLinkedRoleARN
	return &autoscaling.UpdateAutoScalingGroupOutput{}, nil
}

func (m *mover) DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	return &autoscaling.DescribeAutoScalingGroupsOutput{}, nil
}

func (m *mover) DeleteServiceLinkedRole(context.Context, *iam.DeleteServiceLinkedRoleInput, ...func(*iam.Options)) (*iam.DeleteServiceLinkedRoleOutput, error) {
	m.made = time.Time{}
	return &iam.DeleteServiceLinkedRoleOutput{}, nil
}

func (m *mover) GetServiceLinkedRoleDeletionStatus(context.Context, *iam.GetServiceLinkedRoleDeletionStatusInput, ...func(*iam.Options)) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error) {
	return &iam.GetServiceLinkedRoleDeletionStatusOutput{Status: "SUCCEEDED"}, nil
}

func (m *mover) engine() *remediation.Engine {
	return m.world.engine(func(e *remediation.Engine) {
		e.Settings.ServiceLinkedRole = "dedicated:payments"
		e.View = func(context.Context, string, string) (remediation.View, error) { return m, nil }
		e.OpenRole = func(_ context.Context, s remediation.Session) (remediation.RoleWriter, error) {
			m.opened = append(m.opened, s)
			return m, m.fail["Open"]
		}
		e.Next = func(_ context.Context, next remediation.Message) error {
			m.next = append(m.next, next)
			return m.fail["Next"]
		}
	})
}

// stepsOf are the messages' first steps.
func stepsOf(messages []remediation.Message) string {
	var out []string
	for _, m := range messages {
		out = append(out, m.Steps[0].Type())
	}
	return strings.Join(out, " ")
}

// Each step is sent once the one before it stands, by whoever carried that out;
// each session is for one action on one target.
func TestMove(t *testing.T) {
	t.Parallel()
	m := newMover()
	found, err := m.engine().Diagnose(t.Context(), failure())
	if err != nil || stepsOf(m.sent) != "EnsureServiceLinkedRole" {
		t.Fatalf("sent %q, %v", stepsOf(m.sent), err)
	}
	if diff := cmp.Diff([]string{"finding:waiting", "finding:sent"}, outcomes(m.records)); diff != "" {
		t.Error(diff)
	}
	if r := found[0].Record; r.Principal != ownRole || r.GroupRole != slr || r.Plan.Steps[0].Type() != "EditKeyPolicy" {
		t.Errorf("%+v", r)
	}
	for i, want := range []string{"EditKeyPolicy", "UpdateGroup", ""} {
		message := m.sent[0]
		if i > 0 {
			message = m.next[0]
		}
		m.next = nil
		r, err := m.engine().Remediate(t.Context(), message)
		if err != nil || r.Outcome != audit.Fixed || stepsOf(m.next) != want || r.Principal != ownRole {
			t.Fatalf("after %s: %s %s, sent %q, %v", message.Steps[0].Type(), r.Outcome, r.Reason, stepsOf(m.next), err)
		}
	}
	if m.created != 1 || m.puts != 1 || m.updates != 1 || m.launch.Principal.ARN != ownRole || strings.Contains(m.policy, slr+`"`) {
		t.Errorf("%d roles made, %d policies written, %d groups updated: %s", m.created, m.puts, m.updates, m.policy)
	}
	var sessions []string
	for _, s := range m.opened {
		sessions = append(sessions, s.Action+" "+s.Key+" "+s.Pass)
	}
	want := []string{
		"iam:CreateServiceLinkedRole " + ownRole + " ", "kms:PutKeyPolicy " + keyARN + " ",
		"autoscaling:UpdateAutoScalingGroup " + groupARN + " " + ownRole,
	}
	if diff := cmp.Diff(want, sessions); diff != "" {
		t.Error(diff)
	}
	m.sent = nil
	if _, err := m.engine().Diagnose(t.Context(), failure()); err != nil || len(m.sent) != 0 {
		t.Errorf("once more: sent %q, %v", stepsOf(m.sent), err)
	}
}

// moved carries out a move up to the step of a type, and returns that step's
// message.
func (m *mover) upTo(t *testing.T, step string) remediation.Message {
	t.Helper()
	if _, err := m.engine().Diagnose(t.Context(), failure()); err != nil {
		t.Fatal(err)
	}
	m.next = m.sent
	for len(m.next) > 0 && stepsOf(m.next[:1]) != step {
		now := m.next[0]
		m.next = nil
		if _, err := m.engine().Remediate(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.next) == 0 {
		t.Fatalf("%s never came", step)
	}
	m.records = nil
	return m.next[0]
}

// What is sent is carried out only if the facts still ask for it, and the guard
// permits it.
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
		want  audit.Outcome
	}{
		"a key is closed again":          {"UpdateGroup", func(m *mover, _ *remediation.Message) { m.policy = rootOnly }, audit.Superseded},
		"someone else moved the group":   {"UpdateGroup", func(m *mover, _ *remediation.Message) { m.launch.Principal.ARN = slr + "_theirs" }, audit.Superseded},
		"the group is CloudFormation's":  {"UpdateGroup", func(m *mover, _ *remediation.Message) { m.launch.ManagedBy = "cloudformation (stack web)" }, audit.Superseded},
		"the group is to be ignored":     {"UpdateGroup", func(m *mover, _ *remediation.Message) { m.launch.Tags = map[string]string{"keymend": "ignore"} }, audit.Refused},
		"which keys it needs is unknown": {"UpdateGroup", func(m *mover, _ *remediation.Message) { m.launch.Unknown = []string{"the image is gone"} }, audit.Superseded},
		"the message names another role": {"UpdateGroup", func(_ *mover, message *remediation.Message) {
			message.Steps = plan.Steps{plan.UpdateGroup{Group: groupARN, Name: "web-prod", Before: slr, After: slr + "_evil"}}
			message.Digest = strings.Repeat("0", 64)
		}, audit.Superseded},
		"the key's consent is gone": {"EnsureServiceLinkedRole", func(m *mover, _ *remediation.Message) { m.tags = nil }, audit.Superseded},
		"it launches as it is":      {"EnsureServiceLinkedRole", func(m *mover, _ *remediation.Message) { m.policy = open.After }, audit.Superseded},
		"the role is there":         {"EnsureServiceLinkedRole", func(m *mover, _ *remediation.Message) { m.made = time.Now() }, audit.Superseded},
		"writing was forbidden": {"UpdateGroup", func(m *mover, _ *remediation.Message) {
			m.fail["Update"] = denied("autoscaling:UpdateAutoScalingGroup")
		}, audit.NotPermitted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMover()
			message := m.upTo(t, tc.step)
			created, updates := m.created, m.updates
			message.Delivery.Receives = 1
			tc.since(m, &message)
			r, err := m.engine().Remediate(t.Context(), message)
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
		m.noteErr = func(r audit.Record) error {
			if r.Phase == audit.Result {
				return lost
			}
			return nil
		}
		if _, err := m.engine().Remediate(t.Context(), message); !errors.Is(err, lost) {
			t.Fatalf("%s: %v", step, err)
		}
		m.noteErr, m.next, message.Delivery.Receives = nil, nil, 2
		r, err := m.engine().Remediate(t.Context(), message)
		if err != nil || r.Outcome != audit.Fixed || len(r.Undo) == 0 || r.RemediationID != m.records[0].RemediationID || stepsOf(m.next) != next || m.created != 1 {
			t.Errorf("%s: %s %s, sent %q, %v", step, r.Outcome, r.Reason, stepsOf(m.next), err)
		}
		if _, err := m.engine().Undo(t.Context(), r); err != nil || step == "UpdateGroup" && m.launch.Principal.ARN != slr || step != "UpdateGroup" && !m.made.IsZero() {
			t.Errorf("%s: undone: %v, launches as %s, role of %v", step, err, m.launch.Principal.ARN, m.made)
		}
	}
	m := newMover()
	message := m.upTo(t, "EnsureServiceLinkedRole")
	m.made, message.Delivery = sent.Add(-time.Hour), remediation.Delivery{Sent: sent, Receives: 2}
	if r, err := m.engine().Remediate(t.Context(), message); err != nil || r.Outcome != audit.Superseded || len(r.Undo) != 0 {
		t.Errorf("a role that stood before: %s, undo %s, %v", r.Outcome, r.Undo, err)
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
		"not ours":                `{"restoreRole":{"group":"` + groupARN + `","name":"web-prod","ours":"` + slr + `","role":"` + slr + `_x"}}`,
		"back to an ordinary one": `{"restoreRole":{"group":"` + groupARN + `","name":"web-prod","ours":"` + ownRole + `","role":"arn:aws:iam::111122223333:role/admin"}}`,
		"two at once":             `{"deleteRole":{"role":"` + ownRole + `"},"restoreRole":{"group":"` + groupARN + `","name":"web-prod","ours":"` + ownRole + `","role":"` + slr + `"}}`,
	} {
		m := newMover()
		m.launch.Principal.ARN = ownRole
		r := audit.Record{Account: accountID, Region: region, Group: "web-prod", Principal: ownRole, Undo: []byte(undo)}
		if _, err := m.engine().Undo(t.Context(), r); err == nil || m.updates != 0 || len(m.records) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
