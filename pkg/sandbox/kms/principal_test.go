package kms_test

import (
	"testing"
	"time"

	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/kms"
)

// TestNewPrincipals: each of the two delays by itself, with its own text, and
// that it ends. Roles of a template are known at once.
func TestNewPrincipals(t *testing.T) {
	t.Parallel()
	const unknown = "Policy contains a statement with one or more invalid principals."
	for name, tc := range map[string]struct {
		switches      kms.Switches
		policy, grant string // refusals; "" = taken
	}{
		"known at once":  {},
		"policy delayed": {kms.Switches{PolicyDelay: 8 * time.Second}, unknown, ""},
		"grant delayed":  {kms.Switches{GrantDelay: 8 * time.Second}, "", "ARN does not refer to a valid principal: "},
		"both delayed":   {kms.Switches{PolicyDelay: 8 * time.Second, GrantDelay: 8 * time.Second}, unknown, "ARN does not refer to a valid principal: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := set(t)
			f.kms.SetSwitches(tc.switches)
			key := f.key()
			known := f.role(owner, "deployed", "")
			slr := f.slr(owner)
			f.clock.Advance(7 * time.Second)
			for _, late := range []bool{false, true} {
				refusals := map[bool][2]string{false: {tc.policy, tc.grant}, true: {}}[late]
				_, err := f.kms.PutKeyPolicy(f.admin(owner), &awskms.PutKeyPolicyInput{KeyId: &key, Policy: new(policy(root, statement("A", "Allow", slr.Role, use, "")))})
				f.wantRefusal(err, "MalformedPolicyDocumentException", refusals[0])
				_, err = f.kms.CreateGrant(f.admin(owner), &awskms.CreateGrantInput{KeyId: &key, GranteePrincipal: &slr.Role, Operations: []types.GrantOperation{"Decrypt"}})
				f.wantRefusal(err, "InvalidArnException", refusals[1])
				f.clock.Advance(time.Second)
			}
			f.kms.SetSwitches(kms.Switches{PolicyDelay: time.Hour, GrantDelay: time.Hour})
			f.put(key, policy(root, statement("A", "Allow", known.Role, use, "")))
			f.grant(f.admin(owner), key, known.Role, "", "Decrypt")
		})
	}
}

// wantRefusal holds a call to its refusal; "" to none.
func (f *fixture) wantRefusal(err error, code, says string) {
	f.t.Helper()
	if says == "" {
		must(f.t, err)
		return
	}
	f.wantCode(err, code, says)
}

// TestGrantToRoleMadeAnew: the grant of a service-linked role that was deleted
// is dead for the one made after it.
func TestGrantToRoleMadeAnew(t *testing.T) {
	t.Parallel()
	f := set(t)
	key := f.key()
	old := f.slr(owner)
	f.grant(f.admin(owner), key, old.Role, "", "Decrypt")
	for _, op := range f.iam.Wire().Operations {
		if op.Name == "DeleteServiceLinkedRole" {
			_, err := op.Call(f.admin(owner), &awsiam.DeleteServiceLinkedRoleInput{RoleName: new("AWSServiceRoleForAutoScaling")})
			must(t, err)
		}
	}
	anew := f.slr(owner)
	if anew.Role != old.Role || anew.UniqueID == old.UniqueID {
		t.Fatalf("made anew %+v", anew)
	}
	_, err := f.kms.Use(anew, key, "Decrypt", kms.Use{})
	f.wantCode(err, "AccessDeniedException", "kms:Decrypt")
}
