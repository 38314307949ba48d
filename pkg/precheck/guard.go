package precheck

import (
	"slices"

	"keymend/infra/cdkcontext"
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
			if !c.denies(s, account, action, key, name) {
				return false
			}
		}
	}
	return true
}

// hubGuard says whether whoever administers the hub may change what runs there.
func hubGuard(s Settings, f Facts) []Line {
	const matter = "hub's guard"
	if f.Tree.Problem != "" || f.Policies.Problem != "" || f.Hub.Value == "" {
		return nil
	}
	c := newCourt(s, f)
	at := func(service, resource string) string {
		return "arn:" + partition(s.Regions[0]) + ":" + service + ":" + s.Regions[0] + ":" + s.Hub + ":" + resource
	}
	role := "arn:" + partition(s.Regions[0]) + ":iam::" + s.Hub + ":role/keymend-remediate"
	for _, call := range []struct{ action, resource string }{
		{"lambda:UpdateFunctionCode", at("lambda", "function:keymend-remediate")}, {"iam:UpdateAssumeRolePolicy", role}, {"iam:PassRole", role},
		{"sqs:SendMessage", at("sqs", "keymend-changes.fifo")}, {"events:PutPermission", at("events", "event-bus/keymend")},
	} {
		if !c.denies(s, s.Hub, call.action, call.resource) {
			return []Line{{Matter: matter, State: Note, Text: "whoever administers account " + s.Hub + " may " + call.action + " on what is Keymend's", Do: "attach a policy like docs/policies/hub.json to it"}}
		}
	}
	return []Line{{Matter: matter, State: Well, Text: "a policy guards code, roles, queues and bus in account " + s.Hub}}
}

// denies reports whether somebody whom no policy names is denied a call for certain.
func (c *court) denies(s Settings, account, action, resource string, tags ...string) bool {
	r := request{account: account, role: "somebody-" + sample, action: action, resource: resource, region: s.Regions[0]}
	r.ctx = s.context(r, nil)
	r.ctx.Values["aws:tagkeys"] = tags
	return slices.ContainsFunc(c.rulings(r), func(one ruling) bool { return one.keys == "" && one.level == "" })
}
