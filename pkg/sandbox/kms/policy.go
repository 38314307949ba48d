package kms

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/wire"
)

// A policy is a key policy as stored. KMS binds a role's name to the role that
// had it when the policy was written.
type policy struct {
	text string            // normalised
	ids  map[string]string // unique ids of the roles it names, by ARN
}

// maxPolicy is the documented limit; the API model's 131,072 is not.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
const maxPolicy = 32768

func defaultPolicy(account string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"}]}`, account)
}

// GetKeyPolicy answers with the policy as KMS has it: not the text that was
// put, and with the unique ids of roles that are gone.
func (s *Service) GetKeyPolicy(ctx context.Context, in *kms.GetKeyPolicyInput) (*kms.GetKeyPolicyOutput, error) {
	k, err := s.openOwn(ctx, in.KeyId, request{operation: "GetKeyPolicy"})
	if err != nil {
		return nil, err
	}
	if in.PolicyName != nil && *in.PolicyName != "default" {
		return nil, wire.Errorf("NotFoundException", "No such policy exists")
	}
	return &kms.GetKeyPolicyOutput{Policy: new(s.shown(k.policy)), PolicyName: new("default")}, nil
}

// PutKeyPolicy replaces the whole policy, in every state of the key.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
func (s *Service) PutKeyPolicy(ctx context.Context, in *kms.PutKeyPolicyInput) (*kms.PutKeyPolicyOutput, error) {
	c := wire.CallerOf(ctx)
	k, err := s.own(c, in.KeyId, "PutKeyPolicy")
	if err != nil {
		return nil, err
	}
	more := map[string][]string{}
	if in.BypassPolicyLockoutSafetyCheck {
		more["kms:bypasspolicylockoutsafetycheck"] = []string{"true"}
	}
	wire.CallOf(ctx).Resources = []string{k.arn()}
	if err := s.allowed(c, k, request{operation: "PutKeyPolicy", more: more}); err != nil {
		return nil, err
	}
	if k.meta.KeyManager == types.KeyManagerTypeAws {
		return nil, foreign(c, "PutKeyPolicy")
	}
	p, err := s.accept(c, k, aws.ToString(in.Policy), in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	s.change(k.arn(), func(k *key) { k.policy = p })
	return &kms.PutKeyPolicyOutput{}, nil
}

// accept checks a policy as KMS does and returns it as it is stored.
func (s *Service) accept(c *wire.Caller, k *key, text string, bypass bool) (policy, error) {
	if len(text) > maxPolicy {
		return policy{}, wire.Errorf("LimitExceededException", "The policy size exceeds the limit of %d bytes.", maxPolicy)
	}
	doc, err := keypolicy.Parse(text)
	if err != nil {
		return policy{}, malformed("Policy contains invalid syntax: %v", err)
	}
	if err := refused(doc); err != nil {
		return policy{}, err
	}
	p := policy{text: normalise(text), ids: map[string]string{}}
	for _, name := range named(doc) {
		if !s.knows(name, func(sw Switches) time.Duration { return sw.PolicyDelay }) {
			return policy{}, invalidPrincipals()
		}
		if role, ok := s.roles.Role(name); ok {
			p.ids[name] = role.ID
		}
	}
	if !bypass && !s.keepsControl(c, k, p) {
		return policy{}, malformed("The new key policy will not allow you to update the key policy in the future.")
	}
	return p, nil
}

// keepsControl: the caller may put the next policy under this one too.
func (s *Service) keepsControl(c *wire.Caller, k *key, p policy) bool {
	next := k.copy()
	next.policy = p
	return s.decide(c, next, request{operation: "PutKeyPolicy"}).Decision == access.Allowed
}

// taken are the characters of a key policy. A Sid is held to them once its escapes
// are resolved, since KMS writes policies anew; that it does so isn't documented.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
var taken = regexp.MustCompile(`^[\x{0009}\x{000A}\x{000D}\x{0020}-\x{00FF}]*$`)

// refused returns KMS's answer to what is wrong with the document itself.
func refused(doc *keypolicy.Document) error {
	for _, st := range doc.Statements() {
		if !taken.MatchString(st.Sid) {
			return malformed("Policy contains invalid characters: the Sid %q", st.Sid)
		}
	}
	for _, r := range keypolicy.Refusals(doc) {
		switch r.Reason {
		case keypolicy.RefusedDeadPrincipal, keypolicy.RefusedPrincipal:
			return invalidPrincipals()
		case keypolicy.RefusedDuplicateSid:
			return malformed("Policy contains duplicate statement ids.")
		case keypolicy.RefusedSize: // measured on the text as it was put
		default:
			return malformed("Policy is not valid: %s %s", r.Statement, r.Text)
		}
	}
	return nil
}

func malformed(format string, args ...any) error {
	return wire.Errorf("MalformedPolicyDocumentException", format, args...)
}

func invalidPrincipals() error {
	return malformed("Policy contains a statement with one or more invalid principals.")
}

// named returns every principal that a policy names in person.
func named(doc *keypolicy.Document) []string {
	var out []string
	for _, st := range doc.Statements() {
		for _, p := range []*keypolicy.Principal{st.Principal, st.NotPrincipal} {
			if p == nil {
				continue
			}
			for _, name := range p.AWS {
				if name != "*" {
					out = append(out, fullName(name))
				}
			}
		}
	}
	return out
}

// shown is the policy's text with the names of roles that are gone, or that
// were made anew, turned into the unique ids of those that it meant.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (s *Service) shown(p policy) string {
	text, changed := p.text, false
	for arn, id := range p.ids {
		if role, ok := s.roles.Role(arn); !ok || role.ID != id {
			text, changed = renamed(text, arn, id), true
		}
	}
	if changed {
		return normalise(text)
	}
	return text
}

// renamed replaces a name among the principals only: condition values keep it.
func renamed(text, arn, id string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), `"AWS" : `) {
			lines[i] = strings.ReplaceAll(line, `"`+arn+`"`, `"`+id+`"`)
		}
	}
	return strings.Join(lines, "\n")
}
