package report_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/apply/table"
	"keymend/pkg/guard"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/observe"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
	owner   = "999988887777" // of the keys that are another account's
	keyARN  = "arn:aws:kms:" + region + ":" + account + ":key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"
	role    = "arn:aws:iam::" + account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"

	root      = `{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}`
	service   = `{"Sid":"AllowASG","Effect":"Allow","Principal":{"Service":"autoscaling.amazonaws.com"},"Action":"kms:*","Resource":"*"}`
	dead      = `{"Sid":"OldRole","Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE123"},"Action":"kms:*","Resource":"*"}`
	noPath    = `{"Sid":"Typo","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:role/AWSServiceRoleForAutoScaling"},"Action":"kms:*","Resource":"*"}`
	deny      = `{"Sid":"NoGrants","Effect":"Deny","Principal":"*","Action":"kms:CreateGrant","Resource":"*"}`
	open      = `{"Sid":"Open","Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"kms:*","Resource":"*"}`
	viaEBS    = `{"Sid":"Allow access through EBS for all principals in the account that are authorized to use EBS","Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"` + account + `","kms:ViaService":"ec2.` + region + `.amazonaws.com"}}}`
	outside   = `{"Sid":"DenyOutside","Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`
	spared    = `{"Sid":"OnlyKnownRoles","Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":["` + role + `","arn:aws:iam::` + account + `:role/admin"]}}}`
	viaEC2    = `{"Sid":"OnlyViaEC2","Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"StringNotEquals":{"kms:ViaService":"ec2.` + region + `.amazonaws.com"}}}`
	byAddress = `{"Sid":"Office","Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"kms:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`
	byOrg     = `{"Sid":"Org","Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-example"}}}`
)

// now is when every golden record is written.
func now() time.Time { return time.Date(2026, time.March, 2, 9, 41, 0, 0, time.UTC) }

// A world is a group and its key as AWS would show them to the engine.
type world struct {
	launch launch.Launch
	state  keystate.State
	asks   signal.Look
	gone   bool
	trial  plan.Trial
	moves  bool // the settings give groups a role of their own

	lookFails, writeFails error
}

// newWorld is a group of six, none in service, that needs one key of its own
// account with the given policy statements.
func newWorld(t *testing.T, statements ...string) *world {
	t.Helper()
	w := &world{
		launch: launch.Launch{
			Account: account, Region: region, Group: "web-prod", Source: "lt-0c11aa22 v17", Desired: 6,
			GroupARN:  "arn:aws:autoscaling:" + region + ":" + account + ":autoScalingGroup:0a1b:autoScalingGroupName/web-prod",
			Principal: launch.Principal{ARN: role, Because: "the group's own"},
			Keys: []launch.Key{{ID: "alias/platform-ebs", Operations: []string{"CreateGrant", "GenerateDataKeyWithoutPlaintext"}, Uses: []encryption.Use{{
				Device: "/dev/xvda", KeyID: "alias/platform-ebs", Purpose: encryption.Volume,
				Because: "/dev/xvda: Encrypted without KmsKeyId in lt-0c11aa22 v17, so the account's default EBS key",
			}}}},
		},
		state: keystate.State{Alias: "alias/platform-ebs", Tags: map[string]string{}, Facts: access.Facts{
			Key: access.Key{ARN: keyARN, State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS"},
		}},
		asks: signal.Look{Why: signal.WhyAsked, Account: account, Region: region, Group: "web-prod"},
	}
	w.policy(t, statements...)
	return w
}

func (w *world) policy(t *testing.T, statements ...string) {
	t.Helper()
	text := `{"Version":"2012-10-17","Statement":[`
	for i, s := range statements {
		if i > 0 {
			text += ","
		}
		text += s
	}
	doc, err := keypolicy.Parse(text + "]}")
	if err != nil {
		t.Fatal(err)
	}
	w.state.Facts.Policy = doc
}

// Launch, Role, Key, Policy and Storage make it an apply.Reader.
func (w *world) Launch(context.Context, string) (launch.Launch, error) {
	if w.gone {
		return launch.Launch{}, launch.ErrGroupNotFound
	}
	return w.launch, w.lookFails
}

func (w *world) Role(_ context.Context, arn string) (access.Principal, error) {
	if strings.HasSuffix(arn, "_payments") {
		return access.Principal{ARN: arn}, nil // missing
	}
	return access.Principal{ARN: arn, ID: "AROAEXAMPLEEXAMPLE777"}, nil
}

func (w *world) Key(context.Context, string, string) (keystate.State, error) { return w.state, nil }

func (w *world) Policy(context.Context, string) (string, error) {
	return w.state.Facts.Policy.String(), nil
}

func (w *world) Grant(context.Context, string, string) (access.Grant, error) {
	return access.Grant{}, nil
}

func (w *world) Storage() *observe.Storage { return nil }

// View, Switch, Logged and Fleet make it remediation.Readers.
func (w *world) View(context.Context, string, string) (apply.Reader, error) { return w, nil }

func (w *world) Switch(context.Context) (guard.Switch, string, error) {
	return guard.SwitchNone, "", nil
}

func (w *world) Logged(context.Context, string, time.Time, time.Time) ([]record.Record, error) {
	return nil, nil
}

// KMS, IAM, Groups and EC2 make it an apply.Session.
func (w *world) KMS() apply.KMS       { return w }
func (w *world) IAM() apply.IAM       { return nil }
func (w *world) Groups() apply.Groups { return nil }
func (w *world) EC2() apply.EC2       { return nil }

// PutKeyPolicy, CreateGrant, RevokeGrant and RetireGrant make it an apply.KMS.
func (w *world) PutKeyPolicy(_ context.Context, in *kms.PutKeyPolicyInput, _ ...func(*kms.Options)) (*kms.PutKeyPolicyOutput, error) {
	if w.writeFails != nil {
		return nil, w.writeFails
	}
	doc, err := keypolicy.Parse(*in.Policy)
	w.state.Facts.Policy = doc
	return &kms.PutKeyPolicyOutput{}, err
}

func (w *world) CreateGrant(_ context.Context, in *kms.CreateGrantInput, _ ...func(*kms.Options)) (*kms.CreateGrantOutput, error) {
	if in.DryRun != nil && *in.DryRun {
		return nil, w.dry()
	}
	g := access.Grant{ID: "0123456789abcdef", Name: *in.Name, GranteePrincipal: *in.GranteePrincipal, IssuingAccount: "arn:aws:iam::" + account + ":root"}
	for _, o := range in.Operations {
		g.Operations = append(g.Operations, string(o))
	}
	w.state.Facts.Grants = append(w.state.Facts.Grants, g)
	return &kms.CreateGrantOutput{GrantId: &g.ID}, nil
}

func (w *world) RetireGrant(context.Context, *kms.RetireGrantInput, ...func(*kms.Options)) (*kms.RetireGrantOutput, error) {
	return &kms.RetireGrantOutput{}, nil
}

// dry is KMS's answer to a trial.
func (w *world) dry() error {
	if w.trial.Answer == plan.TrialWorks {
		return &smithy.GenericAPIError{Code: "DryRunOperationException", Message: w.trial.Text}
	}
	return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: w.trial.Text}
}

func (w *world) RevokeGrant(context.Context, *kms.RevokeGrantInput, ...func(*kms.Options)) (*kms.RevokeGrantOutput, error) {
	w.state.Facts.Grants = nil
	return &kms.RevokeGrantOutput{}, nil
}

const (
	ownerRoot = `{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + owner + `:root"},"Action":"kms:*","Resource":"*"}`
	useByA    = `{"Sid":"UseByA","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}`
	forAWS    = `{"Sid":"ForAWS","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}`
)

var consented = map[string]string{"keymend": "remediate", "keymend-accounts": account} //nolint:gochecknoglobals // a constant map

// foreign makes the key another account's.
func (w *world) foreign(tags map[string]string) {
	w.state.Facts.Key.ARN, w.state.Tags = strings.Replace(keyARN, account, owner, 1), tags
}

// unseen makes it one of an account that isn't onboarded.
func (w *world) unseen(answer plan.TrialAnswer) {
	const why = "account " + owner + " can't be read from here"
	w.state = keystate.State{TagsUnreadable: why, Facts: access.Facts{
		Key: access.Key{ARN: strings.Replace(keyARN, account, owner, 1)}, PolicyUnreadable: why, GrantsUnreadable: why,
	}}
	w.trial = plan.Trial{Answer: answer, Text: "User: arn:aws:iam::" + account + ":user/oncall is not authorized to perform: kms:CreateGrant"}
}

// bridge adds a grant of Keymend's, made some days ago.
func (w *world) bridge() {
	w.state.Facts.Grants = []access.Grant{{
		ID: "0123456789abcdef", Name: "keymend-0123456789abcdef", GranteePrincipal: role, IssuingAccount: "arn:aws:iam::" + account + ":root",
		Operations: []string{"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"},
		Created:    now().AddDate(0, 0, -5),
	}}
}

// records runs the real engine over the world, and carries out what it permits
// if do is set.
func (w *world) records(t *testing.T, do bool) []record.Record {
	t.Helper()
	var records []record.Record
	x := &remediation.Fixer{
		Open:  func(context.Context, remediation.Session) (apply.Session, error) { return w, nil },
		Sleep: func(context.Context, time.Duration) error { return nil },
		Looker: remediation.Looker{
			Settings: settings.Config{Mode: "enforce", Scope: "tagged", OwnKey: "auto", VerifyReads: 1, Accounts: []string{owner}, ForeignKey: "grant", ForeignStatements: "procedure"},
			AWS:      w, Queue: remediation.Nobody{}, Kinds: table.Kinds(), Plan: plan.All,
			Person: access.Principal{ARN: "arn:aws:iam::" + account + ":user/oncall"},
			Log:    log(func(r record.Record) { r.Time = now(); records = append(records, throughJSON(t, r)) }),
		},
	}
	if w.moves {
		x.Settings.Dedicated = "payments"
	}
	found, err := x.Diagnose(t.Context(), w.asks)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		if d.Message == nil || !do {
			continue
		}
		m := *d.Message
		m.Delivery.Receives = 1
		if _, err := x.Remediate(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	return records
}

// log is a remediation.Log.
type log func(record.Record)

func (l log) Write(_ context.Context, r record.Record) error {
	l(r)
	return nil
}

// throughJSON: what is shown must survive the audit log.
func throughJSON(t *testing.T, r record.Record) record.Record {
	t.Helper()
	r.Schema = record.Schema
	text, err := r.Line()
	if err != nil {
		t.Fatal(err)
	}
	back, ok, err := record.Parse(text, table.Kinds().Kinds())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return back
}

func (w *world) Fleet(context.Context, string, string) (remediation.Fleet, error) {
	return nil, errors.New("nobody sweeps")
}
