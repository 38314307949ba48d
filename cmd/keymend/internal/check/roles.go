package check

import (
	"context"
	"fmt"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/slr"
	"keymend/pkg/whatif"
)

// roles that are deleted, or made anew.
func (u *understanding) roles(ctx context.Context, asked Asked) error {
	for i, name := range append(append([]string{}, asked.Deleted...), asked.Renewed...) {
		flag, anew := "--delete-role", false
		if i >= len(asked.Deleted) {
			flag, anew = "--recreate-role", true
		}
		if err := u.role(ctx, flag, name, anew); err != nil {
			return err
		}
	}
	return nil
}

func (u *understanding) role(ctx context.Context, flag, name string, anew bool) error {
	role := name
	switch {
	case name == slr.SpotName:
		role = slr.Spot(u.Partition, u.Account)
	case strings.HasPrefix(name, slr.Name):
		role = slr.ARN(u.Partition, u.Account, "") + strings.TrimPrefix(name, slr.Name)
	}
	if !slr.Is(role, u.Account) && !slr.IsSpot(role, u.Account) || !strings.HasSuffix(role, name) {
		return wrong("%s %s is no service-linked role of account %s that launches instances: give the name or the ARN of one, as in %s", flag, name, u.Account, slr.Name)
	}
	for _, r := range u.Change.Roles {
		if r.ARN == role {
			return wrong("%s %s: the same role is named twice", flag, name)
		}
	}
	now, err := u.see.Role(ctx, role)
	if err != nil {
		return fmt.Errorf("read the role of %s: %w", flag, err)
	}
	if now.ID == "" {
		return wrong("%s %s: account %s has no such role", flag, name, u.Account)
	}
	u.Change.Roles = append(u.Change.Roles, whatif.Role{ARN: role, ID: now.ID, Anew: anew})
	what := "is deleted"
	if anew {
		what = "is deleted and made anew, with another unique id: policies and grants that named it then name nobody"
	}
	u.says("the service-linked role %s %s", arn.Last(role), what)
	if slr.Is(role, u.Account) {
		u.warn(false, nil, "IAM deletes %s only once no Auto Scaling group of the account launches as it, in any Region", arn.Last(role))
	}
	return nil
}
