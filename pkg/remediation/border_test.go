package remediation_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
	"keymend/pkg/plan"
	"keymend/pkg/remediation"
)

const (
	ownerID    = "444455556666"
	foreignKey = "arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002"
	ownerOnly  = `{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"kms:*","Resource":"*"}]}`
	granterARN = "arn:aws:iam::111122223333:role/keymend-granter"
	byRoot     = `{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:CreateGrant","Resource":"*"}`
)

// A border is a world whose key is another account's. Its CreateGrant asks the
// key policy, as KMS does.
type border struct {
	*world
	hidden bool // the key's account isn't onboarded
	mine   string
	slow   int // CreateGrant doesn't know the newest policy so many times
	tried  int
	killed func(operation string) error
}

func newBorder() *border {
	b := &border{world: newWorld(), killed: func(string) error { return nil }}
	b.launch.Keys[0].ID = foreignKey
	b.policy = ownerOnly
	b.tags = map[string]string{"keymend": "remediate", "keymend-accounts": accountID}
	return b
}

func (b *border) with(statement string) {
	b.policy = strings.Replace(b.policy, `"Statement":[`, `"Statement":[`+statement+",", 1)
}

func (b *border) engine(change ...func(*remediation.Engine)) *remediation.Engine {
	e := b.world.engine(append([]func(*remediation.Engine){func(e *remediation.Engine) {
		e.Settings.Accounts, e.Settings.ForeignKey, e.Settings.ForeignStatements = []string{ownerID}, "grant", "procedure"
		e.RetiringRole = func(string) string { return granterARN }
		e.Granter = func(string) access.Principal { return access.Principal{ARN: granterARN} }
		e.View = func(context.Context, string, string) (remediation.View, error) { return b, nil }
	}}, change...)...)
	e.Open = func(_ context.Context, s remediation.Session) (remediation.Writer, error) {
		b.opened = append(b.opened, s)
		if b.mine != "" && s.Account != b.mine {
			return nil, account.ErrOtherAccount
		}
		return b, nil
	}
	return e
}

// remediating is the engine of the function that may try grants.
func (b *border) remediating() *remediation.Engine {
	return b.engine(func(e *remediation.Engine) {
		e.Try = func(context.Context, remediation.Session, plan.CreateGrant) (plan.Trial, error) {
			b.tried++
			if err := b.refusal(); err != nil {
				return plan.Trial{Answer: plan.TrialRefused, Text: account.Message(err)}, nil
			}
			return plan.Trial{Answer: plan.TrialWorks}, b.killed("Try")
		}
	})
}

// refusal asks the policy whether the granter may create the grant.
func (b *border) refusal() error {
	doc, err := keypolicy.Parse(b.policy)
	if err != nil {
		return err
	}
	all, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	if err != nil {
		return err
	}
	r := access.Evaluate(access.Facts{Policy: doc, Key: access.Key{ARN: foreignKey, State: "Enabled"}}, access.Request{
		Principal: access.Principal{ARN: granterARN}, Operations: []string{"CreateGrant"}, IdentityPolicies: []*keypolicy.Document{all},
		Context: access.Context{Complete: true, Values: map[string][]string{"kms:granteeprincipal": {slr}, "kms:grantoperations": {"Decrypt", "CreateGrant"}, "kms:grantisforawsresource": {"false"}}},
	})
	if r[0].Decision == access.Allowed {
		return nil
	}
	return denied("kms:CreateGrant")
}

func (b *border) Key(ctx context.Context, id, principal string) (keystate.State, error) {
	s, err := b.world.Key(ctx, id, principal)
	s.Facts.Key.ARN = foreignKey
	s.Facts.Grants = append([]access.Grant{}, b.grants...)
	if b.hidden {
		s = keystate.State{TagsUnreadable: "not onboarded", Facts: access.Facts{Key: access.Key{ARN: foreignKey}, Grants: s.Facts.Grants, PolicyUnreadable: "not onboarded", GrantsUnreadable: "not onboarded"}}
	}
	return s, err
}

func (b *border) PutKeyPolicy(ctx context.Context, in *kms.PutKeyPolicyInput, options ...func(*kms.Options)) (*kms.PutKeyPolicyOutput, error) {
	if err := b.killed("before Put"); err != nil {
		return nil, err
	}
	out, err := b.world.PutKeyPolicy(ctx, in, options...)
	return out, errors.Join(err, b.killed("after Put"))
}

func (b *border) CreateGrant(ctx context.Context, in *kms.CreateGrantInput, options ...func(*kms.Options)) (*kms.CreateGrantOutput, error) {
	if err := b.killed("before Grant"); err != nil {
		return nil, err
	}
	if err := b.refusal(); err != nil {
		return nil, err
	}
	if b.slow > 0 {
		b.slow--
		return nil, denied("kms:CreateGrant")
	}
	out, err := b.world.CreateGrant(ctx, in, options...)
	for i := range b.grants {
		b.grants[i].RetiringPrincipal = granterARN
	}
	return out, errors.Join(err, b.killed("after Grant"))
}

func (b *border) ListRetirableGrants(ctx context.Context, in *kms.ListRetirableGrantsInput, options ...func(*kms.Options)) (*kms.ListRetirableGrantsOutput, error) {
	out, err := b.world.ListRetirableGrants(ctx, in, options...)
	for i := range out.Grants {
		out.Grants[i].KeyId = new(foreignKey)
	}
	return out, err
}

// message diagnoses as the function does that may try nothing.
func (b *border) message(t *testing.T) remediation.Message {
	t.Helper()
	b.diagnose(t, b.engine())
	if len(b.sent) == 0 {
		t.Fatalf("nothing was sent: %+v", b.records[len(b.records)-1])
	}
	return b.sent[len(b.sent)-1]
}

// throttled is what makes the message come again.
func throttled() error { return &smithy.GenericAPIError{Code: "ThrottlingException"} }
