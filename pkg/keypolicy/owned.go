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

// A form is one of the two statements that AWS's procedure adds for a
// service-linked role.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
type form struct {
	sid       string
	actions   []string
	condition []Condition
	text      string // the statement as it is written; %s is the role, quoted
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

// Owned reports whether a statement is one of Keymend's, unaltered but for its
// principals: our Sid alone doesn't make it ours. What a person has changed
// belongs to that person, and is never touched.
func Owned(s Statement) bool {
	for _, f := range forms() {
		if f.owns(s) {
			return true
		}
	}
	return false
}

func (f form) owns(s Statement) bool {
	if !f.ownsSid(s.Sid) || !onlyAWS(s.Principal) {
		return false
	}
	want := Statement{
		Sid: s.Sid, Effect: "Allow", Principal: s.Principal,
		Action: f.actions, Resource: []string{"*"}, Condition: f.condition,
	}
	return s.canonical() == want.canonical()
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

// checkRole refuses to write anything but a service-linked role into a policy.
// It is the last line of defence behind pkg/guard.
func checkRole(arn string) error {
	ok, err := regexp.MatchString(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/aws-service-role/[a-z0-9.-]+/[\w+=,.@-]{1,64}$`, arn)
	if err == nil && !ok {
		err = fmt.Errorf("%q is not the ARN of a service-linked role", arn)
	}
	return err
}
