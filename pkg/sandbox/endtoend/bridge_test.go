package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/outcome"
)

var stackOwned = map[string]string{"keymend": "remediate", "aws:cloudformation:stack-name": "platform"} //nolint:gochecknoglobals // a constant map

// TestBridge is a grant that stands in for statements: it is shown as such while
// the group is well, retired once the policy's owner adds what opens the key, and
// made again only when a launch fails again.
func TestBridge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, stackOwned)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 2 || len(w.ourGrants(key)) != 1 {
		t.Fatalf("%d in service, %d grants\n%v", n, len(w.ourGrants(key)), w.story())
	}
	first := w.ourGrants(key)[0]
	if code, text := w.keymend(account, "diagnose", "web-prod"); code != 0 || !strings.Contains(text, "stand-in") || !strings.Contains(text, *first.GrantId) || !strings.Contains(text, "2026-03-02, lets") {
		t.Errorf("exit %d\n%s", code, text)
	}

	if code, text := w.keymend(account, "grants"); code != 0 || !strings.Contains(text, "stand-in") || !strings.Contains(text, *first.GrantId) || !strings.Contains(text, key) || !strings.Contains(text, "2026-03-02, ") {
		t.Errorf("exit %d\n%s", code, text)
	}
	if code, text := w.keymend(account, "grants", "--output", "json"); code != 0 || !strings.Contains(text, `"grantId":"`+*first.GrantId+`","key":"`+key+`","principal":"`+role+`","since":"2026-03-02T`) || !strings.Contains(text, `"standsIn":true}`) {
		t.Errorf("exit %d\n%s", code, text)
	}

	w.putPolicy(key, strings.Replace(rootOnly, `"Statement":[`, `"Statement":[`+procedure+",", 1))
	w.fullSweep()
	w.want(3)
	w.box.Advance(5 * time.Minute)
	if n := w.inService("web-prod"); n != 3 || len(w.ourGrants(key)) != 0 {
		t.Fatalf("%d in service, %d grants\n%v", n, len(w.ourGrants(key)), w.story())
	}
	for _, args := range [][]string{{"diagnose", "web-prod"}, {"grants"}} {
		if code, text := w.keymend(account, args...); code != 0 || strings.Contains(text, "stand-in") {
			t.Errorf("%v: exit %d\n%s", args, code, text)
		}
	}
	if r := w.last(outcome.Fixed); r.Steps[0].Kind() != "RetireGrant" {
		t.Errorf("%+v", r.Plan.Steps)
	}

	// Whoever takes the statements away again isn't fought, until a launch fails.
	writes := w.writes()
	w.putPolicy(key, rootOnly)
	w.box.Advance(time.Hour)
	if len(w.ourGrants(key)) != 0 || w.writes() != writes {
		t.Errorf("%d grants, %d writes, though no launch failed\n%v", len(w.ourGrants(key)), w.writes()-writes, w.story())
	}
	w.want(4)
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 4 || len(w.ourGrants(key)) != 1 || w.policy(key) != rootOnly && strings.Contains(w.policy(key), "Keymend") {
		t.Errorf("%d in service, %d grants\n%v", n, len(w.ourGrants(key)), w.story())
	}
}

// TestBridgeUndone makes a grant again that was retired.
func TestBridgeUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, stackOwned)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)
	before := w.ourGrants(key)
	w.putPolicy(key, strings.Replace(rootOnly, `"Statement":[`, `"Statement":[`+procedure+",", 1))
	w.fullSweep()
	if len(before) != 1 || len(w.ourGrants(key)) != 0 {
		t.Fatalf("%d grants, then %d\n%v", len(before), len(w.ourGrants(key)), w.story())
	}
	id := w.last(outcome.Fixed).RemediationID
	if code, text := w.keymend(account, "undo", id); code != 3 || !strings.Contains(text, "made again") {
		t.Errorf("exit %d\n%s", code, text)
	}
	if code, text := w.keymend(account, "undo", id, "--apply"); code != 0 {
		t.Errorf("exit %d\n%s", code, text)
	}
	after := w.ourGrants(key)
	if len(after) != 1 || *after[0].Name != *before[0].Name || len(after[0].Operations) != 8 || *after[0].RetiringPrincipal != *before[0].RetiringPrincipal {
		t.Errorf("%+v", after)
	}
}

// TestGrantsThatWereAskedFor aren't bridges: the settings want grants, whatever
// the policy says.
func TestGrantsThatWereAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("OwnKey", "grant"))
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)
	w.putPolicy(key, strings.Replace(rootOnly, `"Statement":[`, `"Statement":[`+procedure+",", 1))
	w.want(3)
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 3 || len(w.ourGrants(key)) != 1 || w.writes() != 1 {
		t.Errorf("%d in service, %d grants, %d writes\n%v", n, len(w.ourGrants(key)), w.writes(), w.story())
	}
}

// TestGrantOfARecreatedRole: the grant of a role that was deleted and made anew is
// dead. It is left, and another stands beside it, under another name.
func TestGrantOfARecreatedRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("OwnKey", "grant"))
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)
	before := w.ourGrants(key)
	w.recreateRole()
	w.want(3)
	w.box.Advance(10 * time.Minute)
	after := w.ourGrants(key)
	if n := w.inService("web-prod"); n != 3 || len(before) != 1 || len(after) != 2 {
		t.Fatalf("%d in service, %d grants, then %d\n%v", n, len(before), len(after), w.story())
	}
	if *after[0].Name == *after[1].Name || !strings.HasPrefix(*after[0].GranteePrincipal, "AROA") || *after[1].GranteePrincipal != role {
		t.Errorf("%s for %s, %s for %s", *after[0].Name, *after[0].GranteePrincipal, *after[1].Name, *after[1].GranteePrincipal)
	}
	w.undoAll(2)
	if left := w.ourGrants(key); len(left) != 0 {
		t.Errorf("undone: %+v", left)
	}
}

// TestRefusedPolicy is a policy that KMS refuses for what the document doesn't
// show: a role that a foreign statement names isn't one of its account any more.
func TestRefusedPolicy(t *testing.T) {
	t.Parallel()
	// begun counts the edits that were begun and that KMS refused: it alone knows which roles exist.
	begun := map[string]int{"a principal that the document doesn't give away": 1}
	for name, ruin := range map[string]func(w *world, key string){
		"a statement that was valid once": func(w *world, key string) {
			must(w.t, w.box.SeedKeyPolicy(key, strings.Replace(rootOnly, `"Statement":[`, `"Statement":[{"Sid":"Legacy","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+account+`:root"},"Action":"s3:GetObject","Resource":"*"},`, 1)))
		},
		"a resource that was valid once": func(w *world, key string) {
			must(w.t, w.box.SeedKeyPolicy(key, strings.Replace(rootOnly, `"Statement":[`, `"Statement":[{"Sid":"Legacy","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+account+`:root"},"Action":"kms:Sign","Resource":"`+key+`"},`, 1)))
		},
		"a principal that the document doesn't give away": func(w *world, key string) {
			must(w.t, w.box.SeedKeyPolicy(key, strings.Replace(rootOnly, `"Statement":[`, `"Statement":[{"Sid":"Legacy","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+account+`:role/never-was"},"Action":"kms:Sign","Resource":"*"},`, 1)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.makeRole()
			w.box.Advance(time.Hour) // so that nobody takes the role for the one that isn't known
			key := w.key(rootOnly, enrolled)
			ruin(w, key)
			before := w.policy(key)
			w.broken("web-prod", key)
			w.box.Advance(10 * time.Minute)
			if n := w.inService("web-prod"); n != 2 || len(w.ourGrants(key)) != 1 || w.policy(key) != before {
				t.Errorf("%d in service, %d grants\n%v", n, len(w.ourGrants(key)), w.story())
			}
			w.undoAll(1 + begun[name])
			if len(w.ourGrants(key)) != 0 || w.policy(key) != before {
				t.Errorf("undone: %d grants", len(w.ourGrants(key)))
			}
		})
	}
}

// procedure are AWS's two statements for the default role, by someone's hand.
const procedure = `{"Sid":"Allow service-linked role use of the customer managed key","Effect":"Allow","Principal":{"AWS":["` + role + `"]},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},` +
	`{"Sid":"Allow attachment of persistent resources","Effect":"Allow","Principal":{"AWS":["` + role + `"]},"Action":["kms:CreateGrant"],"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}}`

// ourGrants returns Keymend's grants on a key, oldest first, dead ones too.
func (w *world) ourGrants(key string) []kmstypes.GrantListEntry {
	w.t.Helper()
	out, err := w.kms.ListGrants(w.t.Context(), &kms.ListGrantsInput{KeyId: &key})
	must(w.t, err)
	var ours []kmstypes.GrantListEntry
	for _, g := range out.Grants {
		if strings.HasPrefix(aws.ToString(g.Name), "keymend-") {
			ours = append(ours, g)
		}
	}
	return ours
}
