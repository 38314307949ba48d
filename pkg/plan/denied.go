package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/slr"
)

// A ban is what a Deny of the key policy keeps from one of the two roles of a launch,
// or may keep from it. No statement and no grant outweighs it.
type ban struct {
	access.Result
	role string // ARN
}

func (b ban) certain() bool { return b.Reason == access.DeniedByStatement }

// statements are those that deny it, or may, by name.
func (b ban) statements() []string {
	out := []string{b.DecidedBy}
	for _, m := range b.NearMisses {
		if m.Reason.Denies() && !slices.Contains(out, m.Source) {
			out = append(out, m.Source)
		}
	}
	return out
}

func (b ban) text() string {
	switch {
	case b.certain():
		return fmt.Sprintf("statement %s denies kms:%s to %s", b.DecidedBy, b.Operation, b.role)
	case len(b.UnknownKeys) > 0:
		return fmt.Sprintf("statement %s may deny kms:%s to %s (it hangs on %s)", b.DecidedBy, b.Operation, b.role, strings.Join(b.UnknownKeys, ", "))
	}
	return fmt.Sprintf("statement %s may deny kms:%s to %s", b.DecidedBy, b.Operation, b.role)
}

// denied says what a Deny keeps from the roles of a launch, or may; nil where none
// does. While the role has no access, that is mended first: a Deny that may hit the
// instance is no obstacle then.
func (f Finding) denied() *NoFix {
	bans := f.bans()
	certain := slices.ContainsFunc(bans, ban.certain)
	onlyInstance := !slices.ContainsFunc(bans, func(b ban) bool { return b.role == f.Principal.ARN })
	if len(bans) == 0 || onlyInstance && !certain && access.Decide(f.Results) != access.Allowed {
		return nil
	}
	reason := NotKnown
	if certain {
		reason = ExplicitDeny
	}
	var says []string
	for _, b := range bans {
		says = append(says, b.text())
	}
	text := fmt.Sprintf("by the policy of %s, %s; no statement or grant outweighs that.", f.Facts.Key.ARN, strings.Join(says, ", and "))
	if bans[len(bans)-1].role == f.InstanceRole() {
		text += " EC2 decrypts the volumes of instances as role/aws:ec2-infrastructure."
	}
	return &NoFix{reason, text, f.except(bans)}
}

// Unsettled says what of an open key may keep launches from succeeding and can't be
// seen: nothing in the key policy shows it.
func (f Finding) Unsettled() []string {
	var out []string
	if f.Instance.Reason == access.MayBeDenied {
		out = append(out, "whether launches get by: "+ban{f.Instance, f.InstanceRole()}.text()+"; EC2 decrypts the volumes of instances as this role")
	}
	if f.Cause == activity.KMSAccess && f.Decision() == access.Allowed && f.Facts.Key.Manager != "AWS" {
		out = append(out, "service control and resource control policies: they bind "+f.InstanceRole()+", too; EC2 decrypts the volumes of instances as this role")
	}
	return out
}

// bans are the first of the role's, and the instance's.
func (f Finding) bans() []ban {
	var out []ban
	is := func(r access.Result) bool {
		return r.Reason == access.DeniedByStatement || r.Reason == access.MayBeDenied
	}
	for _, want := range []access.Reason{access.DeniedByStatement, access.MayBeDenied} {
		if at := slices.IndexFunc(f.Results, func(r access.Result) bool { return r.Reason == want }); at >= 0 && len(out) == 0 {
			out = append(out, ban{f.Results[at], f.Principal.ARN})
		}
	}
	if is(f.Instance) {
		out = append(out, ban{f.Instance, f.InstanceRole()})
	}
	return out
}

// except says how the key's owner leaves the roles out of the statements. AWS publishes
// two spellings of the instance's role. NotPrincipal can't name its sessions, which are
// named after instances.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (f Finding) except(bans []ban) string {
	var roles, statements []string
	for _, b := range bans {
		roles = append(roles, b.role)
		if b.role == f.InstanceRole() {
			roles = append(roles, b.role+"/*")
		}
		for _, s := range b.statements() {
			if !slices.Contains(statements, s) {
				statements = append(statements, s)
			}
		}
	}
	names, err := json.Marshal(roles)
	if err != nil {
		return "" // strings can always be written
	}
	owner := "The key's owner"
	if !f.OwnKey() {
		owner += ", account " + f.KeyAccount() + ","
	}
	text := fmt.Sprintf(`%s adds to the Condition of statement %s: "ArnNotLike": {"aws:PrincipalArn": %s}. Where it has an ArnNotLike for aws:PrincipalArn, that gets the names.`,
		owner, strings.Join(statements, " and "), names)
	if slices.ContainsFunc(f.Facts.Policy.Statements(), func(s keypolicy.Statement) bool {
		return s.NotPrincipal != nil && slices.Contains(statements, s.Name())
	}) {
		text += ` In place of NotPrincipal it takes "Principal": "*", and the names of NotPrincipal go to the others.`
	}
	return text + " Or the launch takes another key."
}

// InstanceRole returns the ARN of the role as which instances of the group decrypt.
func (f Finding) InstanceRole() string {
	return slr.Instance(arn.Partition(f.Facts.Key.ARN), f.Account)
}
