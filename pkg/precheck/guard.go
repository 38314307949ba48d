package precheck

import (
	"maps"

	"keymend/infra/cdkcontext"
	"keymend/pkg/access"
	"keymend/pkg/tag"
)

// guard says whether whoever may tag a key may enrol it. IAM takes a tag's key in any
// case for the same.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourcetag
func guard(s Settings, f Facts) []Line {
	const matter, file = "consent", "docs/policies/consent-guard.json"
	if f.Tree.Problem != "" || f.Policies.Problem != "" {
		if s.Guard == cdkcontext.ConsentByPolicy {
			return unseen(matter, "keymend:consentGuard says that a policy guards the tags; that couldn't be seen")
		}
		return nil
	}
	c := newCourt(s, f)
	var guarded, open []string
	for _, a := range f.Tree.Value.Accounts {
		switch {
		case a.State != Active || a.ID == s.Management:
		case c.guards(s, a.ID):
			guarded = append(guarded, a.ID)
		default:
			open = append(open, a.ID)
		}
	}
	switch text := "whoever may tag keys may enrol them in " + few(open); {
	case len(open) == 0 && len(guarded) == 0:
		return nil
	case len(open) == 0 && s.Guard != cdkcontext.ConsentByPolicy:
		return []Line{{Matter: matter, State: Note, Text: "a policy guards the tags that enrol keys", Do: "keymend:consentGuard may say " + cdkcontext.ConsentByPolicy}}
	case len(open) == 0:
		return []Line{{Matter: matter, State: Well, Text: "a policy guards the tags that enrol keys"}}
	case s.Guard == cdkcontext.ConsentByPolicy:
		return []Line{{Matter: matter, State: Wrong, Text: text + ", and keymend:consentGuard says that a policy guards the tags", Do: "attach one like " + file + " above them"}}
	case s.Guard == cdkcontext.ConsentAccepted:
		return []Line{{Matter: matter, State: Note, Text: text + ": keymend:consentGuard accepts it"}}
	default:
		return []Line{{Matter: matter, State: Note, Text: text + ": so no wave's mode may be more than propose", Do: "attach a policy like " + file}}
	}
}

// guards reports whether somebody whom no policy names is denied Keymend's tags in an
// account.
func (c *court) guards(s Settings, account string) bool {
	key := "arn:" + partition(s.Regions[0]) + ":kms:" + s.Regions[0] + ":" + account + ":key/" + sample
	for _, action := range []string{"kms:TagResource", "kms:UntagResource"} {
		for _, name := range []string{tag.Keymend, "KeyMend", tag.Accounts, tag.Copy} {
			r := request{account: account, role: "somebody-" + sample, action: action, resource: key, region: s.Regions[0]}
			r.ctx = s.context(r, nil)
			values := maps.Clone(r.ctx.Values)
			values["aws:tagkeys"] = []string{name}
			r.ctx = access.Context{Values: values}
			denied := false
			for _, one := range c.rulings(r) {
				denied = denied || one.keys == "" && one.level == ""
			}
			if !denied {
				return false
			}
		}
	}
	return true
}
