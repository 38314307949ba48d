package scenario

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

const copyKey = "alias/copies"

// underSharedKey: the template names another account's key, whose policy lets this one make
// the grant that its role needs. Nobody made it.
func underSharedKey(ctx context.Context, m *maker, name string) (source, error) {
	if err := m.own.exists(ctx); err != nil {
		return source{}, err
	}
	key, err := m.sharedKey(ctx, name, map[string]string{"keymend": remediate, "keymend-accounts": m.own.account})
	return of(key), err
}

// underForeignKey: the key's policy knows its own account only.
func underForeignKey(ctx context.Context, m *maker, name string) (source, error) {
	key, err := m.owner.Key(ctx, "alias/"+name, "")
	return of(key), err
}

// ofCopiable: the image lies under a key whose owner agrees to copies, and there is a key to
// copy it under.
func ofCopiable(ctx context.Context, m *maker, name string) (source, error) {
	if _, err := m.own.Key(ctx, copyKey, remediate); err != nil {
		return source{}, err
	}
	key, err := m.sharedKey(ctx, name, map[string]string{"keymend": remediate, "keymend-copy": m.own.account})
	if err != nil {
		return source{}, err
	}
	image, snapshot, err := m.owner.golden(ctx, key, m.own.account)
	if err != nil {
		return source{}, err
	}
	_, err = m.owner.ec2.ModifySnapshotAttribute(ctx, &ec2.ModifySnapshotAttributeInput{
		SnapshotId: &snapshot, CreateVolumePermission: &ec2types.CreateVolumePermissionModifications{Add: []ec2types.CreateVolumePermission{{UserId: &m.own.account}}},
	})
	if err != nil {
		return source{}, fmt.Errorf("share snapshot: %w", err)
	}
	return source{image: image}, nil
}

// ofHiddenSnapshot: the image is shared, and its snapshot isn't: sharing an image doesn't
// share its snapshots.
func ofHiddenSnapshot(ctx context.Context, m *maker, name string) (source, error) {
	key, err := m.sharedKey(ctx, name, nil)
	if err != nil {
		return source{}, err
	}
	image, _, err := m.owner.golden(ctx, key, m.own.account)
	return source{image: image}, err
}

// ofHiddenSnapshotAlone: what the group makes of the image lies under the account's default
// key, which is open.
func ofHiddenSnapshotAlone(ctx context.Context, m *maker, name string) (source, error) {
	standard, err := m.own.openKey(ctx, platform)
	if err != nil {
		return source{}, err
	}
	if err := m.own.DefaultKey(ctx, standard); err != nil {
		return source{}, err
	}
	return ofHiddenSnapshot(ctx, m, name)
}

// sharedKey makes a key of the owner's, whose policy lets the groups' account use it and
// make grants.
func (m *maker) sharedKey(ctx context.Context, name string, tags map[string]string) (string, error) {
	return m.owner.key(ctx, "alias/"+name, tags, policy(root(m.owner.account), shared(m.own.account)))
}

// exists has the sandbox know the account, so that a policy may name it.
func (s *Seeder) exists(ctx context.Context) error {
	if _, err := s.kms.ListKeys(ctx, &kms.ListKeysInput{}); err != nil {
		return fmt.Errorf("list keys: %w", err)
	}
	return nil
}

// golden makes an image under a key, and shares it with an account, without its snapshot.
func (s *Seeder) golden(ctx context.Context, key, with string) (image, snapshot string, err error) {
	if snapshot, err = s.snapshot(ctx, "golden", key); err != nil {
		return "", "", err
	}
	if image, err = s.image(ctx, "golden", snapshot); err != nil {
		return "", "", err
	}
	_, err = s.ec2.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{
		ImageId: &image, LaunchPermission: &ec2types.LaunchPermissionModifications{Add: []ec2types.LaunchPermission{{UserId: &with}}},
	})
	if err != nil {
		return "", "", fmt.Errorf("share image: %w", err)
	}
	return image, snapshot, nil
}
