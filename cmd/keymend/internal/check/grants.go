package check

import (
	"context"
	"fmt"

	"keymend/pkg/whatif"
)

// grants that are revoked. Without a key, the keys that the groups need are looked through.
func (u *understanding) grants(ctx context.Context, asked Asked) error {
	key := ""
	if asked.Key != "" && len(asked.Grants) > 0 {
		s, err := u.key(ctx, "--key", asked.Key)
		if err != nil {
			return err
		}
		key = s.Facts.Key.ARN
	}
	for _, id := range asked.Grants {
		on := ""
		if key != "" {
			g, err := u.see.Grant(ctx, key, id)
			if err != nil {
				return fmt.Errorf("read grant %s: %w", id, err)
			}
			if g.ID == "" {
				return wrong("--revoke-grant %s: %s has no such grant", id, asked.Key)
			}
			on = " on " + asked.Key
		}
		u.Change.Revoked = append(u.Change.Revoked, whatif.Grant{Key: key, ID: id})
		u.says("grant %s%s is revoked", id, on)
	}
	return nil
}
