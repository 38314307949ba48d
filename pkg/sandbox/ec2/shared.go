package ec2

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// A permission is who besides its owner may use an image or a snapshot: launch
// permission of the one, permission to create volumes of the other.
type permission struct {
	accounts []string // sorted
	public   bool
}

// sharedWith tells whether an account may use an image or a snapshot of st's.
func (st *store) sharedWith(account, id string) bool {
	p := st.shared[id]
	return st.account == account || p.public || oneOf(account, p.accounts)
}

// changed returns a permission with some accounts more and some fewer. What is
// there already stays, what isn't there goes without an error.
func (p permission) changed(m types.LaunchPermissionModifications) permission {
	now := permission{accounts: slices.Clone(p.accounts), public: p.public}
	for _, add := range m.Add {
		if add.Group != "" {
			now.public = true
			continue
		}
		now.accounts = append(now.accounts, *add.UserId)
	}
	for _, remove := range m.Remove {
		if remove.Group != "" {
			now.public = false
			continue
		}
		now.accounts = slices.DeleteFunc(now.accounts, func(a string) bool { return a == *remove.UserId })
	}
	slices.Sort(now.accounts)
	now.accounts = slices.Compact(now.accounts)
	return now
}

// listed returns a permission as Describe calls show it.
func (p permission) listed() []types.LaunchPermission {
	all := []types.LaunchPermission{}
	if p.public {
		all = append(all, types.LaunchPermission{Group: types.PermissionGroupAll})
	}
	for _, a := range p.accounts {
		all = append(all, types.LaunchPermission{UserId: &a})
	}
	return all
}

// modifications makes one of the two forms that a request may have: the
// permissions to add and to remove, or one operation with users and groups, as
// the AWS CLI's --operation-type sends it.
func modifications(given *types.LaunchPermissionModifications, operation types.OperationType, users, groups []string) (types.LaunchPermissionModifications, error) {
	var m types.LaunchPermissionModifications
	if given != nil {
		m.Add, m.Remove = slices.Clone(given.Add), slices.Clone(given.Remove)
	}
	var named []types.LaunchPermission
	for _, u := range users {
		named = append(named, types.LaunchPermission{UserId: &u})
	}
	for _, g := range groups {
		named = append(named, types.LaunchPermission{Group: types.PermissionGroup(g)})
	}
	switch operation {
	case types.OperationTypeAdd:
		m.Add = append(m.Add, named...)
	case types.OperationTypeRemove:
		m.Remove = append(m.Remove, named...)
	}
	if len(m.Add)+len(m.Remove) == 0 {
		return m, wire.Errorf("MissingParameter", "The request must contain permissions to add or to remove")
	}
	for _, p := range slices.Concat(m.Add, m.Remove) {
		if err := valid(p); err != nil {
			return m, err
		}
	}
	return m, nil
}

// valid refuses whom nothing can be shared with. Organizations aren't in the
// sandbox.
func valid(p types.LaunchPermission) error {
	user := aws.ToString(p.UserId)
	switch {
	case p.OrganizationArn != nil || p.OrganizationalUnitArn != nil:
		return wire.Errorf("NotInTheSandbox", "sharing with organizations is not in the sandbox")
	case p.Group != "" && p.Group != types.PermissionGroupAll:
		return wire.Errorf("InvalidAMIAttributeItemValue", "Invalid attribute item value \"%s\" for UserGroup item type.", p.Group)
	case p.Group == "" && (len(user) != 12 || strings.Trim(user, "0123456789") != ""):
		return wire.Errorf("InvalidAMIAttributeItemValue", "Invalid attribute item value \"%s\" for userId item type.", user)
	}
	return nil
}

// sharesPublicly tells whether a change would let everyone use something.
func sharesPublicly(m types.LaunchPermissionModifications) bool {
	return slices.ContainsFunc(m.Add, func(p types.LaunchPermission) bool { return p.Group != "" })
}

// managed tells whether AWS manages a key: what is encrypted under alias/aws/ebs
// can't be shared. The caller doesn't hold s.mu.
func (s *Service) managed(p place, key string) bool {
	_, manager, ok := s.keys.DescribeForLaunch(p.account, p.region, key)
	return ok && manager == "AWS"
}
