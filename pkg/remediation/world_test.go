package remediation_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/apply/table"
	"keymend/pkg/change"
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
	accountID = "111122223333"
	region    = "eu-west-1"
	keyARN    = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001"
	slr       = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	rootOnly  = `{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
	invalid   = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
)

// A world is one account with one group and one key, small enough to read. It
// is what the narrow interfaces of Looker and Fixer show of AWS.
type world struct {
	launch launch.Launch
	policy string
	state  string
	tags   map[string]string
	grants []access.Grant
	sw     guard.Switch

	created time.Time // the role

	fail   map[string]error // by operation: "Launch", "Role", "Key", "Get", "Put", "Grant", "Open", "Send", "Switch"
	before map[string]func()
	puts   int
	made   int
	opened []remediation.Session
	door   sync.Mutex // sessions are opened side by side

	records []record.Record
	sent    []remediation.Message
	noteErr func(record.Record) error
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

// readers are what a Looker reads from, one function each.
type readers struct {
	view    func(ctx context.Context, account, region string) (apply.Reader, error)
	brake   func(context.Context) (guard.Switch, string, error)
	intents func(ctx context.Context, id string, from, to time.Time) ([]string, error)
	fleet   remediation.Fleet
	kinds   change.Kinds
}

// Fleet implements remediation.Readers.
func (r *readers) Fleet(context.Context, string, string) (remediation.Fleet, error) {
	return r.fleet, nil
}

// View implements remediation.Readers.
func (r *readers) View(ctx context.Context, account, region string) (apply.Reader, error) {
	return r.view(ctx, account, region)
}

// Switch implements remediation.Readers.
func (r *readers) Switch(ctx context.Context) (guard.Switch, string, error) { return r.brake(ctx) }

// Logged implements remediation.Readers.
func (r *readers) Logged(ctx context.Context, id string, from, to time.Time) ([]record.Record, error) {
	lines, err := r.intents(ctx, id, from, to)
	var out []record.Record
	for _, line := range lines {
		if one, ok, _ := record.Parse([]byte(line), r.kinds); ok {
			out = append(out, one)
		}
	}
	return out, err
}

// reading has a Fixer read from somewhere else.
func reading(change func(*readers)) func(*remediation.Fixer) {
	return func(x *remediation.Fixer) {
		if r, ok := x.AWS.(*readers); ok {
			change(r)
		}
	}
}

// seeing has a Fixer read through a view of a test's own.
func seeing(view apply.Reader) func(*remediation.Fixer) {
	return reading(func(r *readers) {
		r.view = func(context.Context, string, string) (apply.Reader, error) { return view, nil }
	})
}

// A session is what a test has a call made by; what it lacks nobody asks for.
type session struct {
	kms    apply.KMS
	iam    apply.IAM
	groups apply.Groups
	ec2    apply.EC2
}

// KMS implements apply.Session.
func (s session) KMS() apply.KMS { return s.kms }

// IAM implements apply.Session.
func (s session) IAM() apply.IAM { return s.iam }

// Groups implements apply.Session.
func (s session) Groups() apply.Groups { return s.groups }

// EC2 implements apply.Session.
func (s session) EC2() apply.EC2 { return s.ec2 }

// writing has a Fixer write by a test's own sessions.
func (w *world) writing(s session) func(*remediation.Fixer) {
	return func(x *remediation.Fixer) {
		x.Open = func(_ context.Context, of remediation.Session) (apply.Session, error) {
			w.open(of)
			return s, w.fail["Open"]
		}
	}
}

func (w *world) open(s remediation.Session) {
	w.door.Lock()
	defer w.door.Unlock()
	w.opened = append(w.opened, s)
}

// Send implements remediation.Queue.
func (w *world) Send(_ context.Context, m remediation.Message) error {
	if err := w.fail["Send"]; err != nil {
		return err
	}
	w.sent = append(w.sent, m)
	return nil
}

// Write implements remediation.Log.
func (w *world) Write(_ context.Context, r record.Record) error {
	if w.noteErr != nil {
		if err := w.noteErr(r); err != nil {
			return err
		}
	}
	w.records = append(w.records, r)
	return nil
}

func (w *world) fixer(change ...func(*remediation.Fixer)) *remediation.Fixer {
	x := &remediation.Fixer{
		Looker: remediation.Looker{
			Settings: settings.Config{Mode: settings.Enforce, Scope: settings.Tagged, OwnKey: settings.OwnKeyAuto, VerifyReads: 3, VerifyInterval: time.Second},
			AWS: &readers{
				view:    func(context.Context, string, string) (apply.Reader, error) { return w, w.fail["View"] },
				brake:   func(context.Context) (guard.Switch, string, error) { return w.sw, "as set", w.fail["Switch"] },
				intents: func(context.Context, string, time.Time, time.Time) ([]string, error) { return nil, nil },
			},
			Queue: w, Log: w, Kinds: table.Kinds(), Plan: plan.All,
		},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	w.writing(session{kms: w})(x)
	for _, c := range change {
		c(x)
	}
	if r, ok := x.AWS.(*readers); ok {
		r.kinds = x.Kinds.Kinds()
	}
	return x
}

// looker is what of a Fixer looks, and nothing else.
func (w *world) looker(change ...func(*remediation.Fixer)) *remediation.Looker {
	return &w.fixer(change...).Looker
}

func (w *world) at(operation string) error {
	if f := w.before[operation]; f != nil {
		f()
	}
	return w.fail[operation]
}

// Launch implements apply.Reader.
func (w *world) Launch(_ context.Context, group string) (launch.Launch, error) {
	if group != w.launch.Group {
		return launch.Launch{}, launch.ErrGroupNotFound
	}
	return w.launch, w.at("Launch")
}

// Storage implements apply.Reader: there is nothing.
func (*world) Storage() *observe.Storage {
	return observe.NewStorage(&archive{}, &archive{})
}

// Role implements apply.Keys.
func (w *world) Role(_ context.Context, arn string) (access.Principal, error) {
	return access.Principal{ARN: arn, ID: "AROAEXAMPLE1234567890", Created: w.created}, w.at("Role")
}

// Key implements apply.Keys.
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

// Policy implements apply.Keys.
func (w *world) Policy(context.Context, string) (string, error) {
	err := w.at("Get")
	return w.policy, err
}

// Grant implements apply.Keys.
func (w *world) Grant(_ context.Context, _, id string) (found access.Grant, err error) {
	for _, g := range w.grants {
		if g.ID == id {
			found = g
		}
	}
	return found, nil
}

// PutKeyPolicy implements apply.KMS.
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

// CreateGrant implements apply.KMS.
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

// RevokeGrant implements apply.KMS.
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

// RetireGrant implements apply.KMS.
func (w *world) RetireGrant(ctx context.Context, in *kms.RetireGrantInput, _ ...func(*kms.Options)) (*kms.RetireGrantOutput, error) {
	_, err := w.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: in.KeyId, GrantId: in.GrantId})
	return &kms.RetireGrantOutput{}, err
}

func (w *world) writes() int { return w.puts + w.made }

func denied(action string) error {
	return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User: x is not authorized to perform: " + action + " on resource: y"}
}

func failure() signal.Look {
	return signal.Look{
		Why: signal.WhyLaunchUnsuccessful, EventIDs: []string{"e1"}, Account: accountID, Region: region, Group: "web-prod",
		Text: invalid, Failed: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
	}
}

// A diagnoser is a Looker or a Fixer.
type diagnoser interface {
	Diagnose(context.Context, signal.Look) ([]remediation.Diagnosis, error)
}

func (w *world) diagnose(t *testing.T, d diagnoser) record.Record {
	t.Helper()
	got, err := d.Diagnose(t.Context(), failure())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 {
		t.Fatalf("%d diagnoses", len(got))
	}
	return got[0].Record
}

// message diagnoses once, and returns what was sent, as remediate reads it.
func (w *world) message(t *testing.T, change ...func(*remediation.Fixer)) remediation.Message {
	t.Helper()
	w.diagnose(t, w.looker(change...))
	return wired(t, w.sent[len(w.sent)-1])
}

// wired is a message as it comes out of the queue.
func wired(t *testing.T, m remediation.Message) remediation.Message {
	t.Helper()
	text, err := m.Body()
	if err != nil {
		t.Fatal(err)
	}
	if m, err = remediation.ReadMessage([]byte(text), table.Kinds().Kinds()); err != nil {
		t.Fatal(err)
	}
	return m
}

// logged is a record as it comes out of the log.
func logged(t *testing.T, r record.Record) record.Record {
	t.Helper()
	r.Schema = record.Schema
	text, err := r.Line()
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, string(text))
}

// parsed is a line of the log.
func parsed(t *testing.T, line string) record.Record {
	t.Helper()
	r, ok, err := record.Parse([]byte(line), table.Kinds().Kinds())
	if err != nil || !ok {
		t.Fatalf("%s: %v", line, err)
	}
	return r
}

func outcomes(records []record.Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, string(r.Phase)+":"+string(r.Outcome))
	}
	return out
}
