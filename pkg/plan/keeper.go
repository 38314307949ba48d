package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
)

// toWhom ends a remedy by which somebody may read more.
const toWhom = ": to Keymend's reader role, or to your own credentials where you look at a terminal."

// unread says of a key of the own account why its policy couldn't be read. Where that
// policy keeps Keymend out, only its keeper helps; else somebody who gives permissions.
func (f Finding) unread() *NoFix {
	key := f.Facts.Key.ARN
	switch {
	case f.KeptOut:
		return &NoFix{PolicyUnreadable,
			fmt.Sprintf("whoever looks may not read %s: its policy doesn't name them, and doesn't leave it to IAM policies of account %s who may use the key (%s). If everyone whom it names is deleted, only AWS Support can help.", key, f.Account, f.Facts.PolicyUnreadable), ""}
	case f.hidden():
		return &NoFix{NotRead, fmt.Sprintf("nothing of %s could be read: %s", key, strings.Join(append(slices.Clone(f.Facts.CouldNotSee), f.Facts.PolicyUnreadable), "; ")),
			"Have what AWS refused allowed" + toWhom + " See docs/permissions.md."}
	}
	return &NoFix{PolicyUnreadable, fmt.Sprintf("the policy of %s couldn't be read: %s", key, f.Facts.PolicyUnreadable),
		"Have kms:GetKeyPolicy on the key allowed" + toWhom + " Or mend the policy by hand."}
}

// lockedOut says of a key of the own account that its policy, which could be read,
// lets neither IAM policies nor itself have Keymend carry out the step; nil = it isn't
// known to. A session's role may be named by a path that isn't known.
func (f Finding) lockedOut(o Options, steps change.Steps) *NoFix {
	if !f.OwnKey() || f.Facts.Policy == nil || len(steps) == 0 {
		return nil
	}
	who, r := o.Writer, access.Result{}
	if steps[0].Claim().Edits {
		r = f.writerMay(o)
	} else {
		who, r = o.Granter, f.granterMay(f.Facts, o)
	}
	if who.ARN == "" || who.SessionARN != "" || r.Decision != access.Denied {
		return nil
	}
	return &NoFix{PolicyUnreadable,
		fmt.Sprintf("the policy of %s doesn't let %s do kms:%s, whatever IAM policies say: %s%s.%s", f.Facts.Key.ARN, who.ARN, r.Operation,
			strings.TrimSpace(string(r.Reason)+" "+r.DecidedBy), near(r.NearMisses), gone(f.Facts.Policy)), ""}
}

// gone says that nobody is left whom the policy lets change it; "" = somebody may be.
// "If you delete the only user who has access, the key becomes unmanageable": AWS
// Support has to help.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func gone(d *keypolicy.Document) string {
	var ids []string
	for _, s := range d.Statements() {
		if s.Effect != "Allow" || !slices.ContainsFunc(s.Action, writesPolicies) && s.NotAction == nil {
			continue
		}
		if s.Principal == nil || s.Principal.Any() || len(s.Principal.AWS) == 0 {
			return ""
		}
		for _, p := range s.Principal.AWS {
			if !keypolicy.IsUniqueID(p) {
				return ""
			}
			ids = append(ids, p)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return " Everyone whom it lets change it is deleted (" + strings.Join(ids, ", ") + "): nobody can change it any more, and only AWS Support can help."
}

func writesPolicies(action string) bool {
	ok, err := path.Match(strings.ToLower(action), "kms:putkeypolicy")
	return ok && err == nil
}
