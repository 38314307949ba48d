package remediation_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
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

func (b *border) fixer(change ...func(*remediation.Fixer)) *remediation.Fixer {
	return b.world.fixer(append([]func(*remediation.Fixer){roles, seeing(b), func(x *remediation.Fixer) {
		x.Settings.Accounts, x.Settings.ForeignKey, x.Settings.ForeignStatements = []string{ownerID}, settings.ForeignGrant, settings.Procedure
		x.Open = func(_ context.Context, s remediation.Session) (apply.Session, error) {
			b.open(s)
			if b.mine != "" && s.Account != b.mine {
				return nil, account.ErrOtherAccount
			}
			return session{kms: b}, nil
		}
	}}, change...)...)
}

// looker is the part that may try no grants.
func (b *border) looker(change ...func(*remediation.Fixer)) *remediation.Looker {
	return &b.fixer(change...).Looker
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

// Key implements apply.Keys.
func (b *border) Key(ctx context.Context, id, principal string) (keystate.State, error) {
	s, err := b.world.Key(ctx, id, principal)
	s.Facts.Key.ARN = foreignKey
	s.Facts.Grants = append([]access.Grant{}, b.grants...)
	if b.hidden {
		s = keystate.State{TagsUnreadable: "not onboarded", Facts: access.Facts{Key: access.Key{ARN: foreignKey}, Grants: s.Facts.Grants, PolicyUnreadable: "not onboarded", GrantsUnreadable: "not onboarded"}}
	}
	return s, err
}

// Grant implements apply.Keys.
func (b *border) Grant(ctx context.Context, key, id string) (access.Grant, error) {
	if b.hidden && key == foreignKey {
		return access.Grant{}, denied("kms:ListGrants")
	}
	return b.world.Grant(ctx, key, id)
}

// Policy implements apply.Keys.
func (b *border) Policy(ctx context.Context, key string) (string, error) {
	if b.hidden && key == foreignKey {
		return "", denied("kms:GetKeyPolicy")
	}
	return b.world.Policy(ctx, key)
}

// PutKeyPolicy implements apply.KMS.
func (b *border) PutKeyPolicy(ctx context.Context, in *kms.PutKeyPolicyInput, options ...func(*kms.Options)) (*kms.PutKeyPolicyOutput, error) {
	if err := b.killed("before Put"); err != nil {
		return nil, err
	}
	out, err := b.world.PutKeyPolicy(ctx, in, options...)
	return out, errors.Join(err, b.killed("after Put"))
}

// CreateGrant implements apply.KMS.
func (b *border) CreateGrant(ctx context.Context, in *kms.CreateGrantInput, options ...func(*kms.Options)) (*kms.CreateGrantOutput, error) {
	if in.DryRun != nil && *in.DryRun {
		return b.trial()
	}
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

// trial is what KMS says to a call that is to make nothing.
func (b *border) trial() (*kms.CreateGrantOutput, error) {
	b.tried++
	if err := errors.Join(b.fail["Try"], b.killed("Try"), b.refusal()); err != nil {
		return nil, err
	}
	return nil, &types.DryRunOperationException{Message: new("The request would have succeeded")}
}

// message diagnoses as the function does that may try nothing.
func (b *border) message(t *testing.T) remediation.Message {
	t.Helper()
	b.diagnose(t, b.looker())
	if len(b.sent) == 0 {
		t.Fatalf("nothing was sent: %+v", b.records[len(b.records)-1])
	}
	return wired(t, b.sent[len(b.sent)-1])
}

// throttled is what makes the message come again.
func throttled() error { return &smithy.GenericAPIError{Code: "ThrottlingException"} }

// far has an account be one that can't be reached from here.
func far(b *border, there string) func(*remediation.Fixer) {
	return reading(func(r *readers) {
		r.view = func(_ context.Context, id, _ string) (apply.Reader, error) {
			if id == there {
				return nil, account.ErrOtherAccount
			}
			return b, nil
		}
	})
}
