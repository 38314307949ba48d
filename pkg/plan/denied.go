package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/slr"
)

// A ban is what a Deny of the key policy keeps from one of the two roles of a launch,
// or may keep from it. No statement and no grant outweighs it.
type ban struct {
	access.Result
	role, as string // its ARN, and what it is, where that isn't known to everyone
}

func (b ban) certain() bool { return b.Reason == access.DeniedByStatement }

// statements are those that deny it, or may, by name.
func (b ban) statements() []string {
	out := []string{b.DecidedBy}
	for _, m := range b.NearMisses {
		switch m.Reason { //nolint:exhaustive // the others are no denials
		case access.DeniedUnderCondition, access.MayBeDenied, access.NotPrincipalNeedsMore:
			if !slices.Contains(out, m.Source) {
				out = append(out, m.Source)
			}
		}
	}
	return out
}

func (b ban) text(key string) string {
	verb, hangs := "denies", ""
	if !b.certain() {
		verb = "may deny"
	}
	if len(b.UnknownKeys) > 0 && !b.certain() {
		hangs = ", which hangs on " + strings.Join(b.UnknownKeys, ", ")
	}
	return fmt.Sprintf("statement %s of the policy of %s %s kms:%s to %s%s%s", b.DecidedBy, key, verb, b.Operation, b.role, b.as, hangs)
}

// denied says what a Deny keeps from the roles of a launch, or may; nil where none
// does. That the instance may be denied is no obstacle while the role has no access:
// that is mended first.
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
		says = append(says, b.text(f.Facts.Key.ARN))
	}
	return &NoFix{reason, strings.Join(says, "; ") + "; no statement or grant outweighs that.", f.except(bans)}
}

// bans are the first of the role's, and the instance's.
func (f Finding) bans() []ban {
	var out []ban
	is := func(r access.Result) bool { return r.Reason == access.DeniedByStatement || r.Reason == access.MayBeDenied }
	for _, want := range []access.Reason{access.DeniedByStatement, access.MayBeDenied} {
		if at := slices.IndexFunc(f.Results, func(r access.Result) bool { return r.Reason == want }); at >= 0 && len(out) == 0 {
			out = append(out, ban{f.Results[at], f.Principal.ARN, ""})
		}
	}
	if is(f.Instance) {
		out = append(out, ban{f.Instance, f.InstanceRole(), ", as which EC2 decrypts the volumes of instances"})
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
	text := fmt.Sprintf(`The key's owner excepts %s from statement %s: its Condition gets "ArnNotLike": {"aws:PrincipalArn": %s} besides, or these names where it has that already`,
		words(bans), strings.Join(statements, " and "), names)
	for _, s := range f.Facts.Policy.Statements() {
		if s.NotPrincipal != nil && slices.Contains(statements, s.Name()) {
			text += `, and in place of NotPrincipal "Principal": "*", with the names that NotPrincipal has`
			break
		}
	}
	return text + ". Or the launch takes another key."
}

// words names the roles of the bans.
func words(bans []ban) string {
	var out []string
	for _, b := range bans {
		out = append(out, b.role[strings.LastIndexByte(b.role, '/')+1:])
	}
	return strings.Join(out, " and ")
}

// InstanceRole returns the ARN of the role as which instances of the group decrypt.
func (f Finding) InstanceRole() string { return slr.Instance(arn.Partition(f.Facts.Key.ARN), f.Account) }
