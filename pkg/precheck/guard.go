package precheck

import (
	"maps"
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
		if s.Guard != cdkcontext.ConsentByPolicy {
			return nil
		}
		l := Line{Matter: matter, State: Unseen, Text: "keymend:consentGuard says that a policy guards the tags; that couldn't be seen"}
		if l.Stops = slices.ContainsFunc(s.Waves, func(w cdkcontext.Wave) bool { return w.Mode == "enforce" }); l.Stops {
			l.Do = "take credentials that may read the organization's policies; until it is seen no wave is deployed, since one's mode is enforce"
		}
		return []Line{l}
	}
	c := newCourt(s, f)
	guarded, open := c.enrolling(s, f)
	var out []Line
	for _, by := range slices.Sorted(maps.Keys(open)) {
		switch text := "whoever may " + by + " in " + few(slices.Sorted(slices.Values(open[by]))); s.Guard {
		case cdkcontext.ConsentByPolicy:
			out = append(out, Line{Matter: matter, State: Wrong, Text: text + ", and keymend:consentGuard says that a policy guards the tags", Do: "attach one like " + file + " above them"})
		case cdkcontext.ConsentAccepted:
			out = append(out, Line{Matter: matter, State: Note, Text: text + ": keymend:consentGuard accepts it"})
		default:
			out = append(out, Line{Matter: matter, State: Note, Text: text + ": so no wave's mode may be more than propose", Do: "attach a policy like " + file})
		}
	}
	switch {
	case out != nil || !guarded:
		return out
	case s.Guard != cdkcontext.ConsentByPolicy:
		return []Line{{Matter: matter, State: Note, Text: "a policy guards the tags that enrol keys", Do: "keymend:consentGuard may say " + cdkcontext.ConsentByPolicy}}
	}
	return []Line{{Matter: matter, State: Well, Text: "a policy guards the tags that enrol keys"}}
}

// enrolling says whose keys may be enrolled by what (enrolled), and whether there are
// accounts where nobody may. Of accounts that join it says so only where a policy is
// said to guard them, and where those that are there are guarded.
func (c *court) enrolling(s Settings, f Facts) (guarded bool, open map[string][]string) {
	open = map[string][]string{}
	for _, group := range c.alike(s, f) {
		if by := c.enrolled(s, group[0]); by != "" {
			open[by] = append(open[by], group...)
		} else {
			guarded = true
		}
	}
	if s.Guard == cdkcontext.ConsentByPolicy && len(open) == 0 {
		for _, unit := range f.Tree.Value.units(s) {
			if by := c.joining(unit).enrolled(s, newcomer); by != "" {
				open[by] = append(open[by], "accounts that join "+unit)
			}
		}
	}
	return guarded, open
}

// units are those of the waves that are there.
func (t Tree) units(s Settings) []string {
	var out []string
	for _, w := range s.Waves {
		out = append(out, w.Units...)
	}
	return slices.DeleteFunc(out, func(unit string) bool { return slices.Contains(t.Missing, unit) })
}

// newcomer stands for an account that joins.
const newcomer = "000000000000"

// joining is the court with an account more, right below a unit.
func (c *court) joining(unit string) *court {
	out := *c
	out.tree.Parents = maps.Clone(c.tree.Parents)
	out.tree.Parents[newcomer] = unit
	return &out
}

// enrolled says by what somebody whom no policy names may set or take Keymend's tags in an
// account, as such or as a role that the policies spare. "": by nothing.
func (c *court) enrolled(s Settings, account string) string {
	key := s.arn("kms", s.Regions[0], account, "key/"+sample)
	for _, action := range []string{"kms:TagResource", "kms:UntagResource"} {
		for _, name := range []string{tag.Keymend, "KeyMend", tag.Accounts, tag.Copy} {
			switch by := c.open(s, account, action, key, name); by {
			case "":
			case action:
				return "tag keys may enrol them"
			default:
				return by + " may enrol keys"
			}
		}
	}
	return ""
}

// hubGuard says whether whoever administers the hub may change what runs there.
func hubGuard(s Settings, f Facts) []Line {
	const matter = "hub's guard"
	if f.Tree.Problem != "" || f.Policies.Problem != "" || f.Hub.Value == "" {
		return nil
	}
	c := newCourt(s, f)
	at := func(service, resource string) string { return s.arn(service, s.Regions[0], s.Hub, resource) }
	role := s.arn("iam", "", s.Hub, "role/keymend-remediate")
	bucket := s.arn("s3", "", "", "cdk-hnb659fds-assets-"+s.Hub+"-"+s.Regions[0])
	for _, call := range []struct{ action, resource string }{
		{"lambda:UpdateFunctionCode", at("lambda", "function:keymend-remediate")}, {"s3:PutObject", bucket + "/code.zip"}, {"s3:PutBucketPolicy", bucket},
		{"iam:UpdateAssumeRolePolicy", role}, {"iam:PassRole", role}, {"iam:PutRolePolicy", role},
		{"cloudformation:UpdateStack", at("cloudformation", "stack/keymend-hub-roles/"+sample)},
		{"sqs:SendMessage", at("sqs", "keymend-changes.fifo")}, {"sqs:SetQueueAttributes", at("sqs", "keymend-changes.fifo")}, {"events:PutPermission", at("events", "event-bus/keymend")},
	} {
		if by := c.open(s, s.Hub, call.action, call.resource); by != "" {
			text := "whoever administers account " + s.Hub + " may " + by
			if by == call.action {
				text += " on what is Keymend's"
			} else {
				text += ", and as that " + call.action + " on what is Keymend's"
			}
			return []Line{{Matter: matter, State: Note, Text: text, Do: "attach a policy like docs/policies/hub.json to it"}}
		}
	}
	return []Line{{Matter: matter, State: Well, Text: "a policy guards code, roles, queues and bus in account " + s.Hub}}
}
