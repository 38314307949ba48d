package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
	"keymend/pkg/permission"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/slr"
	"keymend/pkg/whatif"
)

// policy that is put on a key.
func (u *understanding) policy(ctx context.Context, asked Asked) error {
	if asked.Policy == nil {
		return nil
	}
	d, err := keypolicy.Parse(*asked.Policy)
	if err != nil && gjson.Get(*asked.Policy, "Policy").Exists() {
		return wrong("--policy %s: %w. It is an answer of aws kms get-key-policy, which has the policy in it: add --query Policy --output text", asked.From, err)
	}
	if err != nil {
		return wrong("--policy %s: %w", asked.From, err)
	}
	s, err := u.key(ctx, "--key", asked.Key)
	if err != nil {
		return err
	}
	if owner := arn.Account(s.Facts.Key.ARN); owner != u.Account {
		return wrong("--key %s is of account %s, and a policy is put in the key's own account: give that account's credentials (--profile)", asked.Key, owner)
	}
	if s.Facts.Key.Manager == "AWS" {
		return wrong("--key %s is managed by AWS: nobody can change its policy", asked.Key)
	}
	put := whatif.Policy{Key: s.Facts.Key.ARN, Document: d}
	u.Change.Policies, u.From = append(u.Change.Policies, put), asked.From
	u.says("the policy of %s becomes %s", named(asked.Key, s), asked.From)
	u.unusable(s)
	return u.judge(ctx, put, s)
}

// judge says of a policy what KMS refuses of it, and whom it keeps out.
func (u *understanding) judge(ctx context.Context, p whatif.Policy, now keystate.State) error {
	for _, r := range keypolicy.Refusals(p.Document) {
		u.warn(true, nil, "KMS refuses the policy: %s", strings.TrimPrefix(r.Statement+": "+r.Text, ": "))
	}
	if err := u.missing(ctx, p.Document); err != nil {
		return err
	}
	root := access.Principal{ARN: arn.Root(u.Partition, u.Account)}
	switch who := u.Caller; {
	case who.ARN != "" && who.SessionARN == "" && whatif.LocksOut(p, who): // of a session's role the path isn't known
		u.warn(true, nil, "KMS refuses the policy where %s puts it: it doesn't let them change it again", who.ARN)
	case whatif.LocksOut(p, root):
		u.warn(false, nil, "the policy doesn't let the account itself (%s) change it: once nobody is left whom it names, only AWS Support can help", root.ARN)
	}
	writer := permission.Place{Partition: u.Partition, Account: u.Account, Prefix: "keymend-"}.ARN(permission.PolicyWriter)
	deployed, err := u.see.Role(ctx, writer)
	if err == nil && deployed.ID != "" && whatif.LocksOut(p, deployed) {
		u.warn(false, nil, "the policy doesn't let Keymend's role %s change it: Keymend couldn't mend it any more", writer)
	}
	if now.Facts.Policy != nil {
		// It means other roles once those that it names were made anew. Where nobody puts
		// it, it is the key's.
		if u.Caller.ARN != "" && len(u.Change.Roles) == 0 && keypolicy.Equal(now.Facts.Policy.String(), p.Document.String()) {
			u.warn(false, nil, "the key has this policy already")
		}
		for _, name := range whatif.Dropped(now.Facts.Policy, p.Document) {
			u.warn(false, nil, "the policy drops Keymend's statement %s", name)
		}
	}
	return nil
}

// missing warns of roles of the account that the policy names and that aren't there, or
// won't be.
func (u *understanding) missing(ctx context.Context, d *keypolicy.Document) error {
	for _, role := range whatif.Named(d, u.Account) {
		now, err := u.see.Role(ctx, role)
		if account.AccessDenied(err) {
			u.warn(false, nil, "whether %s, which the policy names, exists couldn't be read: %s. KMS refuses a policy that names a role which doesn't", role, account.Message(err))
			continue
		}
		if err != nil {
			return fmt.Errorf("read a role that the policy names: %w", err)
		}
		if u.Change.Principal(now).ID != "" {
			continue
		}
		var do []quote.Task
		if slr.Is(role, u.Account) || slr.IsSpot(role, u.Account) {
			f := plan.Finding{Account: u.Account, Region: u.Region, Principal: now}
			do = []quote.Task{{Account: u.Account, Command: f.CreateRole()}}
		}
		u.warn(true, do, "KMS refuses the policy (MalformedPolicyDocumentException): it names %s, which doesn't exist; make the role first", role)
	}
	return nil
}
