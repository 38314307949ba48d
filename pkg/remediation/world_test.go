package remediation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/audit"
	"keymend/pkg/guard"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
)

const (
	accountID = "111122223333"
	region    = "eu-west-1"
	keyARN    = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001"
	slr       = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	rootOnly  = `{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
	invalid   = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
)

// A world is one account with one group and one key, small enough to read. It
// is what the engine's narrow interfaces show of AWS.
type world struct {
	launch launch.Launch
	policy string
	state  string
	tags   map[string]string
	grants []access.Grant
	sw     guard.Switch

	created time.Time // the role

	fail   map[string]error // by operation: "Launch", "Role", "Key", "Put", "Grant", "Open", "Send", "Switch"
	before map[string]func()
	puts   int
	made   int
	opened []remediation.Session

	records []audit.Record
	sent    []remediation.Message
	noteErr func(audit.Record) error
}

func newWorld() *world {
	return &world{
		launch: launch.Launch{
			Account: accountID, Region: region, Group: "web-prod", Desired: 2,
			Principal: launch.Principal{ARN: slr},
			Keys:      []launch.Key{key("alias/platform-ebs", "CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext")},
		},
		policy: rootOnly, state: "Enabled", tags: map[string]string{"keymend": "remediate"}, sw: guard.SwitchOn,
		fail: map[string]error{}, before: map[string]func(){},
	}
}

func key(id string, operations ...string) launch.Key {
	return launch.Key{ID: id, Operations: operations, Uses: []encryption.Use{{Device: "/dev/xvda", KeyID: id, Because: "/dev/xvda: " + id}}}
}

func (w *world) engine(change ...func(*remediation.Engine)) *remediation.Engine {
	e := &remediation.Engine{
		Settings: settings.Config{Mode: "enforce", Scope: "tagged", OwnKey: "auto", VerifyReads: 3, VerifyInterval: time.Hour},
		View:     func(context.Context, string, string) (remediation.View, error) { return w, w.fail["View"] },
		Open: func(_ context.Context, s remediation.Session) (remediation.Writer, error) {
			w.opened = append(w.opened, s)
			return w, w.fail["Open"]
		},
		Switch: func(context.Context) (guard.Switch, string, error) { return w.sw, "as set", w.fail["Switch"] },
		Send: func(_ context.Context, m remediation.Message) error {
			if err := w.fail["Send"]; err != nil {
				return err
			}
			w.sent = append(w.sent, m)
			return nil
		},
		Record: func(_ context.Context, r audit.Record) error {
			if w.noteErr != nil {
				if err := w.noteErr(r); err != nil {
					return err
				}
			}
			w.records = append(w.records, r)
			return nil
		},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	for _, c := range change {
		c(e)
	}
	return e
}

func (w *world) at(operation string) error {
	if f := w.before[operation]; f != nil {
		f()
	}
	return w.fail[operation]
}

func (w *world) Launch(_ context.Context, group string) (launch.Launch, error) {
	if group != w.launch.Group {
		return launch.Launch{}, launch.ErrGroupNotFound
	}
	return w.launch, w.at("Launch")
}

func (w *world) Role(_ context.Context, arn string) (access.Principal, error) {
	return access.Principal{ARN: arn, ID: "AROAEXAMPLE1234567890", Created: w.created}, w.at("Role")
}

func (w *world) Key(_ context.Context, _, _ string) (keystate.State, error) {
	if err := w.at("Key"); err != nil {
		return keystate.State{}, err
	}
	policy, err := keypolicy.Parse(w.policy)
	return keystate.State{Alias: "alias/platform-ebs", Tags: w.tags, Facts: access.Facts{
		Policy: policy, Grants: w.grants,
		Key: access.Key{ARN: keyARN, State: w.state, Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"},
	}}, err
}

func (w *world) GetKeyPolicy(context.Context, *kms.GetKeyPolicyInput, ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error) {
	return &kms.GetKeyPolicyOutput{Policy: &w.policy}, w.at("Get")
}

func (w *world) PutKeyPolicy(_ context.Context, in *kms.PutKeyPolicyInput, _ ...func(*kms.Options)) (*kms.PutKeyPolicyOutput, error) {
	if err := w.at("Put"); err != nil {
		return nil, err
	}
	if in.BypassPolicyLockoutSafetyCheck {
		return nil, errors.New("the lockout check was bypassed")
	}
	w.puts++
	w.policy = *in.Policy
	return &kms.PutKeyPolicyOutput{}, nil
}

func (w *world) CreateGrant(_ context.Context, in *kms.CreateGrantInput, _ ...func(*kms.Options)) (*kms.CreateGrantOutput, error) {
	if err := w.at("Grant"); err != nil {
		return nil, err
	}
	for _, g := range w.grants {
		if g.Name == *in.Name {
			return &kms.CreateGrantOutput{GrantId: &g.ID}, nil
		}
	}
	w.made++
	g := access.Grant{ID: fmt.Sprintf("g%d", w.made), Name: *in.Name, GranteePrincipal: *in.GranteePrincipal, IssuingAccount: "arn:aws:iam::111122223333:root"}
	for _, o := range in.Operations {
		g.Operations = append(g.Operations, string(o))
	}
	w.grants = append(w.grants, g)
	return &kms.CreateGrantOutput{GrantId: &g.ID}, nil
}

func (w *world) RevokeGrant(_ context.Context, in *kms.RevokeGrantInput, _ ...func(*kms.Options)) (*kms.RevokeGrantOutput, error) {
	if err := w.at("Revoke"); err != nil {
		return nil, err
	}
	kept := w.grants[:0]
	for _, g := range w.grants {
		if g.ID != *in.GrantId {
			kept = append(kept, g)
		}
	}
	w.grants = kept
	return &kms.RevokeGrantOutput{}, nil
}

func (w *world) RetireGrant(ctx context.Context, in *kms.RetireGrantInput, _ ...func(*kms.Options)) (*kms.RetireGrantOutput, error) {
	_, err := w.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: in.KeyId, GrantId: in.GrantId})
	return &kms.RetireGrantOutput{}, err
}

func (w *world) ListRetirableGrants(_ context.Context, in *kms.ListRetirableGrantsInput, _ ...func(*kms.Options)) (*kms.ListRetirableGrantsOutput, error) {
	out := &kms.ListRetirableGrantsOutput{}
	for _, g := range w.grants {
		if g.RetiringPrincipal == *in.RetiringPrincipal {
			out.Grants = append(out.Grants, types.GrantListEntry{GrantId: &g.ID, Name: &g.Name, KeyId: new(keyARN)})
		}
	}
	return out, w.at("Retirable")
}

func (w *world) writes() int { return w.puts + w.made }

func denied(action string) error {
	return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User: x is not authorized to perform: " + action + " on resource: y"}
}

func failure() remediation.Signal {
	return remediation.SignalOf(activity.Failure{
		Signal: activity.LaunchUnsuccessful, EventID: "e1", Account: accountID, Region: region, Group: "web-prod",
		StatusCode: "Cancelled", StatusMessage: invalid, Time: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
	})
}

func (w *world) diagnose(t *testing.T, e *remediation.Engine) audit.Record {
	t.Helper()
	got, err := e.Diagnose(t.Context(), failure())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 {
		t.Fatalf("%d diagnoses", len(got))
	}
	return got[0].Record
}

// message diagnoses once, and returns what was sent, as remediate reads it.
func (w *world) message(t *testing.T) remediation.Message {
	t.Helper()
	w.diagnose(t, w.engine())
	text, err := json.Marshal(w.sent[len(w.sent)-1])
	if err != nil {
		t.Fatal(err)
	}
	m, err := remediation.ReadMessage(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func outcomes(records []audit.Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, string(r.Phase)+":"+string(r.Outcome))
	}
	return out
}
