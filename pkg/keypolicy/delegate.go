package keypolicy

import (
	"fmt"
	"regexp"
	"strings"

	"keymend/pkg/arn"
)

// The Sids of Keymend's statements for another account's root, before that
// account's id: one pair for each account, so that taking one out touches no
// other. Further ones carry a number behind, as ever.
const (
	sidUseBy         = SidUse + "By"
	sidCreateGrantBy = SidCreateGrant + "By"
)

// A Delegation is the half of AWS's procedure that is done in the account of a
// key that another account's Auto Scaling group uses: the other account's
// administrators may let somebody there create a grant.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
type Delegation struct {
	Partition string // aws, aws-cn, aws-us-gov
	Account   string // the group's account
	// Granter, where it isn't "", is the ARN of the account's one role or user who
	// may create the grant; nobody there may use the key otherwise. "" = both
	// statements of the procedure.
	Granter string
}

// Delegate opens the key to another account's root by Keymend's statements:
//
//	procedure   use the key; create grants to that account's Auto Scaling
//	            service-linked roles, of the eight operations
//	Granter     the latter only, and only by the granter
//
// The grant is made by a person or a robot, so the procedure's CreateGrant must
// not ask for kms:GrantIsForAWSResource; its two other conditions hold for every
// grant that the procedure makes. Doing it twice is doing it once. It fails for
// anything but an account's root, and for a granter of another account.
func Delegate(d *Document, to Delegation) (Edit, error) {
	if err := to.check(); err != nil {
		return Edit{}, fmt.Errorf("allow account: %w", err)
	}
	return allow(d, to.root(), to.forms())
}

func (to Delegation) root() string { return arn.Root(to.Partition, to.Account) }

// check is checkRole's twin: it refuses to write any other principal than one
// account's root, and any granter whose name would stand for several.
func (to Delegation) check() error {
	if ok, err := regexp.MatchString(`^arn:aws[a-z-]*:iam::[0-9]{12}:root$`, to.root()); err != nil || !ok {
		return fmt.Errorf("%q is not the ARN of an account's root", to.root())
	}
	if to.Granter == "" {
		return nil
	}
	own := `^arn:` + regexp.QuoteMeta(to.Partition) + `:iam::` + to.Account + `:(role|user)/([\w+=,.@-]+/)*[\w+=,.@-]{1,64}$`
	if ok, err := regexp.MatchString(own, to.Granter); err != nil || !ok {
		return fmt.Errorf("%q is not the ARN of a role or user of account %s", to.Granter, to.Account)
	}
	return nil
}

// forms are the statements, with the conditions that can't break a launch.
// kms:GrantOperations is in every CreateGrant, so ForAllValues is never met by
// its absence.
func (to Delegation) forms() []form {
	grantees := "arn:" + to.Partition + ":iam::" + to.Account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*"
	use := forms()[0]
	use.sid, use.only = sidUseBy+to.Account, to.root()
	grant := form{
		sid: sidCreateGrantBy + to.Account, only: to.root(), actions: []string{"kms:CreateGrant"},
		condition: []Condition{
			{Operator: "StringLike", Key: "kms:GranteePrincipal", Values: []string{grantees}},
			{Operator: "ForAllValues:StringEquals", Key: "kms:GrantOperations", Values: grantOperations()},
		},
	}
	by := ""
	if to.Granter != "" {
		by = fmt.Sprintf(`"ArnEquals":{"aws:PrincipalArn":%q},`, to.Granter)
		grant.condition = append(grant.condition, Condition{Operator: "ArnEquals", Key: "aws:PrincipalArn", Values: []string{to.Granter}})
	}
	grant.text = `{"Sid":%q,"Effect":"Allow","Principal":{"AWS":[%q]},"Action":["kms:CreateGrant"],"Resource":"*","Condition":{` + by +
		fmt.Sprintf(`"StringLike":{"kms:GranteePrincipal":%q},`, grantees) +
		`"ForAllValues:StringEquals":{"kms:GrantOperations":["` + strings.Join(grantOperations(), `","`) + `"]}}}`
	if to.Granter != "" {
		return []form{grant}
	}
	return []form{use, grant}
}

// grantOperations are slr.Operations, in the order in which statements have them that
// stand in people's policies.
func grantOperations() []string {
	return []string{
		"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey",
		"GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant",
	}
}

var sidBy = regexp.MustCompile(`^(?:` + sidUseBy + `|` + sidCreateGrantBy + `)([0-9]{12})[0-9]*$`)

// formsLike returns the forms that a statement would have if it were Keymend's
// and for the account that its Sid names.
func formsLike(s Statement) []form {
	if !strings.HasPrefix(s.Sid, sidUseBy) && !strings.HasPrefix(s.Sid, sidCreateGrantBy) {
		return nil
	}
	found := sidBy.FindStringSubmatch(s.Sid)
	if found == nil || s.Principal == nil || len(s.Principal.AWS) != 1 {
		return nil
	}
	to := Delegation{Partition: partitionOf(s), Account: found[1]}
	for _, c := range s.Condition {
		if strings.EqualFold(c.Key, "aws:PrincipalArn") && len(c.Values) == 1 {
			to.Granter = c.Values[0]
		}
	}
	if to.check() != nil {
		return nil
	}
	return to.forms()
}

// partitionOf reads the partition where the statement has one: in its
// principal, or, where that is the account's bare id, in its conditions.
func partitionOf(s Statement) string {
	values := []string{s.Principal.AWS[0]}
	for _, c := range s.Condition {
		values = append(values, c.Values...)
	}
	for _, v := range values {
		if rest, ok := strings.CutPrefix(v, "arn:"); ok {
			partition, _, _ := strings.Cut(rest, ":")
			return partition
		}
	}
	return "aws"
}
