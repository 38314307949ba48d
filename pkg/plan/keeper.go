package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/settings"
	"keymend/pkg/tag"
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
		r = f.mayWrite(o)
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

// mayWrite evaluates whether the writer may write the key's policy. Its own identity
// policies allow it (pkg/permission, or a person's).
func (f Finding) mayWrite(o Options) access.Result {
	values := map[string][]string{
		"kms:bypasspolicylockoutsafetycheck": nil, "kms:viaservice": nil, "aws:viaawsservice": {"false"},
		"aws:principalisawsservice": {"false"}, "aws:requestedregion": {f.Region}, "aws:securetransport": {"true"},
	}
	f.addTags(values)
	return access.Evaluate(f.Facts, access.Request{
		Principal: o.Writer, Operations: []string{"PutKeyPolicy"}, Context: access.Context{Values: values}, IdentityPolicies: []*keypolicy.Document{mayAll()},
	})[0]
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

// toKeeper adds what the keeper of an own key's policy does: the two statements for the
// group, or those by which Keymend adds them itself.
func (f Finding) toKeeper(o Options, p *Plan) {
	edit, err := keypolicy.Allow(noStatements(), f.Principal.ARN)
	if !f.OwnKey() || err != nil {
		return
	}
	p.ForOwner = &ForOwner{Account: f.Account, Statements: edit.Added, Let: f.let(o)}
	p.NoFix.Remedy = p.ForOwner.String()
}

// let are the statements by which Keymend may see an own key, and open it.
func (f Finding) let(o Options) []string {
	read, write := []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants", "kms:ListResourceTags"}, "kms:PutKeyPolicy"
	writer, role := o.Writer.ARN, o.RetiringRole != ""
	if o.OwnKey == settings.OwnKeyGrant {
		writer, write = o.Granter.ARN, "kms:CreateGrant"
	}
	if o.Reader.ARN == "" || writer == "" {
		return nil
	}
	if !role {
		return []string{allow("LetSeeAndOpen", o.Reader.ARN, "", append(read, write)...)}
	}
	condition := fmt.Sprintf(`,"Condition":{"StringLike":{"aws:ResourceTag/%s":["%s"]}}`, tag.Keymend, strings.Join(tag.Enrolments(), `","`))
	return []string{allow("LetKeymendSee", o.Reader.ARN, "", read...), allow("LetKeymendOpen", writer, condition, write)}
}

func allow(sid, principal, condition string, actions ...string) string {
	return fmt.Sprintf(`{"Sid":%q,"Effect":"Allow","Principal":{"AWS":%q},"Action":["%s"],"Resource":"*"%s}`, sid, principal, strings.Join(actions, `","`), condition)
}

// keepers says it in words, of a key of the group's own account.
func (o ForOwner) keepers() string {
	text := "Whoever keeps the key's policy adds to it, for the group: " + strings.Join(o.Statements, ",")
	if len(o.Let) > 0 {
		text += " Or, so that Keymend can see the key and open it: " + strings.Join(o.Let, ",")
	}
	return text
}
