package check_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	"pgregory.net/rapid"

	"keymend/cmd/keymend/internal/check"
	"keymend/pkg/access"
	"keymend/pkg/signal"
	"keymend/pkg/slr"
	"keymend/pkg/whatif"
)

// TestCheckAgreesWithWhatHappens: what check says of a change is what comes of it, once
// it is made: to a fresh look at each group, and to launches. A policy that check says KMS
// refuses, KMS refuses, and no other. A group of which check says that statements are
// needed first launches where they are there first.
func TestCheckAgreesWithWhatHappens(t *testing.T) {
	t.Parallel()
	client := &http.Client{}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t.Context(), t, client)
		t.Cleanup(client.CloseIdleConnections)
		s := furnish(t, w)
		asked := s.change()
		view, err := w.looker().AWS.View(w.ctx, ours, region)
		must(t, err)
		given, err := check.Understand(w.ctx, view, check.Place{Partition: "aws", Account: ours, Region: region, Caller: access.Principal{ARN: admin}}, asked)
		must(t, err)
		change := given.Change
		if g, ok := s.needy(given); ok && rapid.IntRange(0, 3).Draw(t, "what is needed is there") > 0 {
			change = s.add(change, g.Needs)
			if a := s.answers(change)[g.Group]; a.After != whatif.Launches {
				t.Fatalf("%s, with %s before: %s", g.Says, told(g.Needs), a.Row.Says)
			}
		}
		said := s.answers(change)
		if refused := s.make(change); refused != given.Refused() {
			t.Fatalf("KMS refused the policy: %v; %+v", refused, given.Problems)
		} else if refused {
			return
		}
		s.compare(change, said)
	})
}

// A scene is what is in an account: keys, and groups that need some of them.
type scene struct {
	w      *world
	t      *rapid.T
	keys   []string
	grants []whatif.Grant
	groups []string
	spots  map[string]bool // groups that launch Spot instances
}

func draw[T any](t *rapid.T, what string, from ...T) T { return rapid.SampledFrom(from).Draw(t, what) }

func furnish(t *rapid.T, w *world) *scene {
	s := &scene{w: w, t: t, spots: map[string]bool{}}
	for i := range 3 {
		s.keys = append(s.keys, w.key(fmt.Sprint("k", i), s.policy(false)))
	}
	s.keys = append(s.keys, w.theirKey())
	for _, key := range s.keys {
		for _, of := range []string{role(""), role("b"), spot()} {
			if rapid.Bool().Draw(t, "grant") {
				some := draw(t, "operations", operations(), operations(), operations(), operations()[:2], []string{"CreateGrant", "GenerateDataKeyWithoutPlaintext"})
				s.grants = append(s.grants, whatif.Grant{Key: key, ID: w.grant(key, of, some...)})
			}
		}
	}
	if key := draw(t, "default key", "", s.keys[0], s.keys[1], s.keys[2], "alias/k1"); key != "" {
		_, err := w.ec2.ModifyEbsDefaultKmsKeyId(w.ctx, &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: &key})
		must(t, err)
	}
	if rapid.IntRange(0, 3).Draw(t, "by default") == 0 {
		_, err := w.ec2.EnableEbsEncryptionByDefault(w.ctx, &ec2.EnableEbsEncryptionByDefaultInput{})
		must(t, err)
	}
	images := []string{w.image(""), w.image(draw(t, "image's key", s.keys[:3]...))}
	for i := range rapid.IntRange(2, 5).Draw(t, "groups") {
		name := fmt.Sprint("g", i)
		image, of := draw(t, "image", images[0], images[0], images[1]), role(draw(t, "role", "", "", "b"))
		if rapid.IntRange(0, 4).Draw(t, "Spot") == 0 {
			w.spots(name, image, of, draw(t, "Encrypted", nil, new(true)))
			s.spots[name] = true
		} else {
			w.group(name, image, of, s.volume())
		}
		s.groups = append(s.groups, name)
	}
	if rapid.IntRange(0, 5).Draw(t, "a key is disabled") == 0 {
		_, err := w.kms.DisableKey(w.ctx, &kms.DisableKeyInput{KeyId: &s.keys[2]})
		must(t, err)
	}
	return s
}

func operations() []string {
	return []string{"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}
}

func (s *scene) volume() *ec2types.LaunchTemplateEbsBlockDeviceRequest {
	key := draw(s.t, "KmsKeyId", s.keys...)
	switch draw(s.t, "volume", "", "", "encrypted", "key", "alias") {
	case "encrypted":
		return &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: new(true)}
	case "key":
		return &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: new(true), KmsKeyId: &key}
	case "alias":
		return &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: new(true), KmsKeyId: new("alias/k0")}
	}
	return nil
}

// policy draws one; a new one may be such that KMS refuses it.
func (s *scene) policy(anew bool) string {
	all := []string{allow(`"arn:aws:iam::` + ours + `:root"`)}
	if anew && rapid.IntRange(0, 5).Draw(s.t, "keeps the account out") == 0 {
		all = nil
	}
	others := []string{
		procedure(role("")), procedure(role("")), procedure(role("b")), procedure(spot()), allow(`"` + role("") + `","` + role("b") + `","` + spot() + `"`),
		`{"Effect":"Allow","Principal":"*","Action":["kms:CreateGrant","kms:GenerateDataKey*","kms:ReEncrypt*","kms:Decrypt"],"Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"` + ours + `","kms:ViaService":"ec2.` + region + `.amazonaws.com"}}}`,
		`{"Effect":"Allow","Principal":{"Service":"autoscaling.amazonaws.com"},"Action":"kms:*","Resource":"*"}`,
		`{"Effect":"Deny","Principal":{"AWS":"` + role("b") + `"},"Action":"kms:CreateGrant","Resource":"*"}`,
		`{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::` + ours + `:role/aws:ec2-infrastructure*"}}}`,
		`{"Effect":"Allow","Principal":{"AWS":"` + role("") + `"},"Action":"kms:GenerateDataKeyWithoutPlaintext","Resource":"*"}`,
		`{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:CreateGrant","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalArn":"` + role("") + `"},"Bool":{"kms:GrantIsForAWSResource":"true"}}}`,
	}
	if anew {
		others = append(others, procedure(role("nobody")), allow(`"`+admin+`"`), `{"Sid":"Twice","Effect":"Deny","Principal":{"AWS":"`+role("b")+`"},"Action":"kms:CreateGrant","Resource":"*"}`)
	}
	few := []int{0, 0, 1, 1, 2, 3}
	if anew {
		few = []int{0, 1, 1, 2, 2, 3}
	}
	for range draw(s.t, "statements", few...) {
		all = append(all, draw(s.t, "statement", others...))
	}
	if len(all) == 0 {
		all = append(all, procedure(role("")))
	}
	return document(all...)
}

// change draws one, of one part or several.
func (s *scene) change() check.Asked {
	var out check.Asked
	for range rapid.IntRange(1, 2).Draw(s.t, "parts") {
		switch draw(s.t, "part", "by default", "default key", "policy", "policy", "grant", "grant", "delete", "recreate") {
		case "by default":
			out.ByDefault = new(rapid.Bool().Draw(s.t, "on"))
		case "default key":
			out.DefaultKey = draw(s.t, "becomes", s.keys[0], s.keys[2], "alias/k1", "alias/aws/ebs", s.keys[3], s.keys[1][strings.LastIndexByte(s.keys[1], '/')+1:])
		case "policy":
			out.Grants = nil
			out.Key, out.Policy, out.From = draw(s.t, "key", "alias/k0", s.keys[1], s.keys[2]), new(s.policy(true)), "policy.json"
		case "grant":
			if len(s.grants) > 0 && out.Policy == nil {
				g := draw(s.t, "revoked", s.grants...)
				out.Key, out.Grants = g.Key, []string{g.ID}
			}
		case "delete":
			out.Deleted = []string{draw(s.t, "deleted", role(""), role("b"), spot())}
		case "recreate":
			out.Renewed = []string{draw(s.t, "anew", slr.Name, slr.Name+"_b", slr.SpotName)}
		}
	}
	if len(out.Deleted) > 0 && len(out.Renewed) > 0 {
		out.Renewed = nil
	}
	return out
}

// answers are check's, by group.
func (s *scene) answers(c whatif.Change) map[string]check.Answer {
	out := map[string]check.Answer{}
	err := check.Run(s.w.ctx, s.w.looker(), check.Question{Account: ours, Region: region, Groups: s.groups, Change: c}, func(a check.Answer) error {
		out[a.Group] = a
		return nil
	})
	must(s.t, err)
	return out
}

// make makes the change, and reports whether KMS refused the policy.
func (s *scene) make(c whatif.Change) bool {
	w := s.w
	for _, r := range c.Roles {
		w.deleteRole(r.ARN)
		switch _, suffix, _ := strings.Cut(r.ARN[strings.LastIndexByte(r.ARN, '/')+1:], "_"); {
		case r.Anew && r.ARN == spot():
			w.makeSpotRole()
		case r.Anew:
			w.makeRole(suffix)
		}
	}
	switch on := c.ByDefault; {
	case on != nil && *on:
		_, err := w.ec2.EnableEbsEncryptionByDefault(w.ctx, &ec2.EnableEbsEncryptionByDefaultInput{})
		must(s.t, err)
	case on != nil:
		_, err := w.ec2.DisableEbsEncryptionByDefault(w.ctx, &ec2.DisableEbsEncryptionByDefaultInput{})
		must(s.t, err)
	}
	if c.DefaultKey != "" {
		_, err := w.ec2.ModifyEbsDefaultKmsKeyId(w.ctx, &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: &c.DefaultKey})
		must(s.t, err)
	}
	for _, p := range c.Policies {
		_, err := w.kms.PutKeyPolicy(w.ctx, &kms.PutKeyPolicyInput{KeyId: &p.Key, Policy: new(p.Document.String())})
		if refused, ok := errors.AsType[smithy.APIError](err); ok && refused.ErrorCode() == "MalformedPolicyDocumentException" {
			return true
		}
		must(s.t, err)
	}
	for _, g := range c.Revoked {
		_, err := w.kms.RevokeGrant(w.ctx, &kms.RevokeGrantInput{KeyId: &g.Key, GrantId: &g.ID})
		must(s.t, err)
	}
	return false
}

// compare holds what was said to what is seen then, and to launches.
func (s *scene) compare(c whatif.Change, said map[string]check.Answer) {
	l := s.w.looker()
	l.Queue, l.Log = nobody{}, nowhere{}
	for _, name := range s.groups {
		saw, _, err := l.Examine(s.w.ctx, signal.Look{Why: signal.WhyAsked, Account: ours, Region: region, Group: name})
		must(s.t, err)
		if got := whatif.See(saw, whatif.Change{Roles: c.Roles}); got.State != said[name].After {
			s.t.Fatalf("%s: check said %s (%s), and a look then says %s", name, said[name].After, said[name].Row.Says, got.State)
		}
	}
	// AWS asks for both roles where Spot instances are launched by a launch configuration,
	// and the sandbox launches them as the one.
	could := s.w.launches(s.groups)
	for _, name := range s.groups {
		if a := said[name]; a.After == whatif.Launches && !could[name] || a.After == whatif.Fails && could[name] && !s.spots[name] {
			s.t.Fatalf("%s: check said %s (%s), and it could launch: %v", name, a.After, a.Row.Says, could[name])
		}
	}
}
