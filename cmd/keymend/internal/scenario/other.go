package scenario

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

const copyKey = "alias/copies"

// otherAccount: the template names another account's key, whose policy lets this one make
// the grant that its role needs. Nobody made it.
func otherAccount(ctx context.Context, s, owner *Seeder) error {
	if err := s.exists(ctx); err != nil {
		return err
	}
	tags := map[string]string{"keymend": remediate, "keymend-accounts": s.account}
	key, err := owner.key(ctx, "alias/golden", tags, policy(root(owner.account), shared(s.account)))
	if err != nil {
		return err
	}
	return s.Group(ctx, group, machine, Volume{Encrypted: true, Key: key})
}

// otherAccountNot: the key's policy knows its own account only.
func otherAccountNot(ctx context.Context, s, owner *Seeder) error {
	key, err := owner.Key(ctx, "alias/golden", "")
	if err != nil {
		return err
	}
	return s.Group(ctx, group, machine, Volume{Encrypted: true, Key: key})
}

// copied: the image lies under a key whose owner agrees to copies, and there is a key to
// copy it under.
func copied(ctx context.Context, s, owner *Seeder) error {
	if _, err := s.Key(ctx, copyKey, remediate); err != nil {
		return err
	}
	tags := map[string]string{"keymend": remediate, "keymend-copy": s.account}
	key, err := owner.key(ctx, "alias/golden", tags, policy(root(owner.account), shared(s.account)))
	if err != nil {
		return err
	}
	image, snapshot, err := owner.golden(ctx, key, s.account)
	if err != nil {
		return err
	}
	_, err = owner.ec2.ModifySnapshotAttribute(ctx, &ec2.ModifySnapshotAttributeInput{
		SnapshotId: &snapshot, CreateVolumePermission: &ec2types.CreateVolumePermissionModifications{Add: []ec2types.CreateVolumePermission{{UserId: &s.account}}},
	})
	if err != nil {
		return fmt.Errorf("share snapshot: %w", err)
	}
	return s.groupOf(ctx, group, image, machine, nil)
}

// hiddenSnapshot: sharing an image doesn't share its snapshots. What the group makes of
// it lies under the account's default key, which is open.
func hiddenSnapshot(ctx context.Context, s, owner *Seeder) error {
	standard, err := s.openKey(ctx, platform)
	if err != nil {
		return err
	}
	if err := s.DefaultKey(ctx, standard); err != nil {
		return err
	}
	key, err := owner.key(ctx, "alias/golden", nil, policy(root(owner.account), shared(s.account)))
	if err != nil {
		return err
	}
	image, _, err := owner.golden(ctx, key, s.account)
	if err != nil {
		return err
	}
	return s.groupOf(ctx, group, image, machine, nil)
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
