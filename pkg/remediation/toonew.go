package remediation

import (
	"errors"
	"fmt"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/plan"
	"keymend/pkg/settings"
	"keymend/pkg/tag"
)

// roleDelay is how long a role counts as new. Those who met it speak of seconds, AWS
// of a delay.
const roleDelay = 5 * time.Minute

// roleTooNew reports whether an error says that a role isn't known to KMS or Auto
// Scaling which is too new to be: the message comes again then. Of a role that is
// older, or whose age can't be told, the error is final; by the next delivery every
// role is.
func (d Delivery) roleTooNew(role access.Principal, err error) bool {
	if !errors.Is(err, refusal.ErrNotKnown) || d.Now().IsZero() || role.Created.IsZero() {
		return false
	}
	return d.Now().Sub(role.Created) < roleDelay
}

// tagDelay is how long it may take until a tag on a key counts for IAM's
// conditions: what ListResourceTags shows, and the guard took for consent, may
// not let the writers' roles write yet. The message comes again then. Whoever
// sent it saw the tag already, so that a refusal after this is for another
// reason.
// https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html
const tagDelay = 5 * time.Minute

// tagTooNew says why a writer's refusal may be for a tag that is too new to count,
// and whether it may pass; "" where that can't be the reason. Where the time isn't
// known, nothing is waited for.
func (x *Fixer) tagTooNew(d Delivery, f plan.Finding, err error) (why string, passes bool) {
	_, enrolled := tag.Enrolled(f.Tags)
	byRole := x.Settings.RolePrefix != "" && x.Settings.Scope != settings.AllKeys && enrolled
	if !byRole || !mayBeForTag(f, err) {
		return "", false
	}
	consent := tag.Keymend + "=" + f.Tags[tag.Keymend]
	switch {
	case d.Now().IsZero():
		return fmt.Sprintf("The role's permission counts only on keys with the tag %s, and a tag may take up to 5 minutes to count. If it is older than that, the role lacks the permission.", consent), false
	case d.waited() < tagDelay:
		return fmt.Sprintf("the tag %s is on the key, but may take up to 5 minutes to count; the message comes again", consent), true
	}
	return fmt.Sprintf("The tag %s has been on the key for more than the 5 minutes that it may take to count, so the role lacks the permission: see docs/permissions.md.", consent), false
}

// mayBeForTag reports whether an error is a refusal of a write by a permission
// that has the tag for a condition: of a policy in any account, of grants in the
// group's own.
func mayBeForTag(f plan.Finding, err error) bool {
	d, denied := account.DenialOf(err)
	byTag := d.Action == "kms:PutKeyPolicy" || d.Action == "kms:CreateGrant" && f.OwnKey()
	return denied && byTag && !d.Explicit && (d.Policy == account.IdentityBased || d.Policy == "")
}
