package plan

import (
	"strings"

	"keymend/pkg/arn"
)

// replica says where to find the group's own key of a multi-Region family: each
// member has the same id, and its own Region, policy and grants. Only the ids of
// such keys begin with mrk-.
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
func (f Finding) replica() string {
	if !f.multiRegion() {
		return ""
	}
	here := strings.Replace(f.Facts.Key.ARN, ":"+f.keyRegion()+":", ":"+f.Region+":", 1)
	return " It is a multi-Region key: name its member of " + f.Region + ", " + here + ", if there is one; else make it."
}

func (f Finding) multiRegion() bool {
	return strings.HasPrefix(arn.Resource(f.Facts.Key.ARN), "key/mrk-")
}
