package plan

import (
	"fmt"

	"keymend/pkg/access"
	"keymend/pkg/arn"
)

// hiddenKey stands for a key of an account of which not even the name can be seen.
func (f Finding) hiddenKey(owner string) string {
	return "arn:" + arn.Partition(f.Principal.ARN) + ":kms:" + f.Region + ":" + owner + ":key/KEY"
}

// ForHidden returns what there is to do by hand about a snapshot that the account can't
// see: both halves of AWS's procedure, with KEY in the place of its key's id; nil where
// there is none.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html
func (s Snapshot) ForHidden(o Options) *Plan {
	if len(s.Launch.Hidden) == 0 {
		return nil
	}
	u := s.Launch.Hidden[0]
	f := s.About(access.Principal{ARN: s.Launch.Principal.ARN})
	f.Facts.Key.ARN = f.hiddenKey(u.Owner)
	edit, _ := f.delegation(o)
	owner := f.forOwner(o, HalfUnknown, edit)
	return &Plan{Target: s.Launch.GroupARN, Half: HalfUnknown, ForOwner: owner, NoFix: &NoFix{KeyHidden,
		fmt.Sprintf("account %s shared an image without its snapshot %s, and so without the name of the key that it is encrypted under; the owner can tell", u.Owner, u.Snapshot),
		"Put the id of that key in the place of KEY. " + owner.String(),
	}}
}
