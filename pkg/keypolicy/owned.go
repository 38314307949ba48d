package keypolicy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The Sids of Keymend's statements. Further ones carry a number behind
// (KeymendUse2).
const (
	SidUse         = "KeymendUse"
	SidCreateGrant = "KeymendCreateGrant"
)

// A form is one of the statements that AWS's procedures add: for service-linked
// roles of the key's account, or for another account's root.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
type form struct {
	sid       string
	actions   []string
	condition []Condition
	only      string // the one principal that it may have; "" = up to ten roles
	text      string // the statement as it is written; %q is the Sid, then the principal
}

func forms() []form {
	return []form{
		{
			sid:     SidUse,
			actions: []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"},
			text: `{"Sid":%q,"Effect":"Allow","Principal":{"AWS":[%q]},` +
				`"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}`,
		},
		{
			sid:       SidCreateGrant,
			actions:   []string{"kms:CreateGrant"},
			condition: []Condition{{Operator: "Bool", Key: "kms:GrantIsForAWSResource", Values: []string{"true"}}},
			text: `{"Sid":%q,"Effect":"Allow","Principal":{"AWS":[%q]},"Action":["kms:CreateGrant"],"Resource":"*",` +
				`"Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}`,
		},
	}
}

// Owned reports whether a statement is one of Keymend's, unaltered but for the
// service-linked roles that it names: our Sid alone doesn't make it ours. What a
// person has changed belongs to that person, and is never touched.
func Owned(s Statement) bool {
	return slices.ContainsFunc(append(forms(), formsLike(s)...), func(f form) bool { return f.owns(s) })
}

func (f form) owns(s Statement) bool {
	if !f.ownsSid(s.Sid) || !onlyAWS(s.Principal) || !f.names(s.Principal.AWS) {
		return false
	}
	want := Statement{
		Sid: s.Sid, Effect: "Allow", Principal: s.Principal,
		Action: f.actions, Resource: []string{"*"}, Condition: f.condition,
	}
	return s.canonical() == want.canonical()
}

// names reports whether these may be the statement's principals.
func (f form) names(principals []string) bool {
	return f.only == "" || len(principals) == 1 && shortAccount(principals[0]) == shortAccount(f.only)
}

// ownsSid reports whether the Sid is the form's, with or without a number.
func (f form) ownsSid(sid string) bool {
	rest, ok := strings.CutPrefix(sid, f.sid)
	if !ok || rest == "" {
		return ok
	}
	n, err := strconv.Atoi(rest)
	return err == nil && n > 1 && strconv.Itoa(n) == rest
}

func onlyAWS(p *Principal) bool {
	return p != nil && len(p.AWS) > 0 && !p.Any() && p.Service == nil && p.Federated == nil && p.CanonicalUser == nil
}

// freeSid returns the form's first Sid that no statement has: KMS refuses a
// policy that has one twice.
func (f form) freeSid(d *Document) string {
	taken := func(sid string) bool {
		return slices.ContainsFunc(d.statements, func(s Statement) bool { return s.Sid == sid })
	}
	sid := f.sid
	for n := 2; taken(sid); n++ {
		sid = f.sid + strconv.Itoa(n)
	}
	return sid
}

// checkRole refuses to write anything but a service-linked role of Auto Scaling,
// or the Spot role, into a policy. It is the last line of defence behind
// pkg/guard.
func checkRole(arn string) error {
	if !launchingRole.MatchString(arn) {
		return fmt.Errorf("%q is not the ARN of a service-linked role of Auto Scaling, or of the Spot role", arn)
	}
	return nil
}

var launchingRole = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/aws-service-role/` +
	`(autoscaling\.amazonaws\.com/AWSServiceRoleForAutoScaling(_[\w+=,.@-]{1,35})?|spot\.amazonaws\.com/AWSServiceRoleForEC2Spot)$`)
