package check

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/keystate"
	"keymend/pkg/quote"
	"keymend/pkg/slr"
)

// ebsAlias names the default key of an account that chose none.
const ebsAlias = "alias/aws/ebs"

// defaults are the account's EBS settings.
func (u *understanding) defaults(ctx context.Context, asked Asked) error {
	if on := asked.ByDefault; on != nil {
		u.Change.ByDefault = on
		u.says("EBS encryption by default is switched %s", map[bool]string{true: "on", false: "off"}[*on])
	}
	if asked.DefaultKey == "" {
		return nil
	}
	if asked.DefaultKey == ebsAlias { // it is made when it is first used
		u.Change.DefaultKey = ebsAlias
		u.says("the account's default EBS key becomes %s, which AWS manages", ebsAlias)
		return nil
	}
	state, err := u.key(ctx, "--default-key", asked.DefaultKey)
	if err != nil {
		return err
	}
	u.Change.DefaultKey = u.shown(asked.DefaultKey, state)
	u.says("the account's default EBS key becomes %s", named(asked.DefaultKey, state))
	u.unusable(state)
	return nil
}

// shown is the default key as GetEbsDefaultKmsKeyId has it: an alias as its ARN, so that
// it follows the alias.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyEbsDefaultKmsKeyId.html
func (u *understanding) shown(written string, s keystate.State) string {
	switch {
	case strings.HasPrefix(written, "arn:"):
		return written
	case strings.HasPrefix(written, "alias/"):
		return "arn:" + u.Partition + ":kms:" + u.Region + ":" + u.Account + ":" + written
	}
	return s.Facts.Key.ARN
}

// key reads a key of the Region, or refuses what names none.
func (u *understanding) key(ctx context.Context, flag, id string) (keystate.State, error) {
	if region := arn.Region(id); region != "" && region != u.Region {
		return keystate.State{}, wrong("%s %s is in %s, and this is about %s: EBS takes keys of its own Region only; give a key of %s, or another --region", flag, id, region, u.Region, u.Region)
	}
	if strings.HasPrefix(id, "arn:") && arn.Service(id) != "kms" {
		return keystate.State{}, wrong("%s %s is no ARN of a KMS key (arn:%s:kms:%s:ACCOUNT:key/ID)", flag, id, u.Partition, u.Region)
	}
	s, err := u.see.Key(ctx, id, slr.ARN(u.Partition, u.Account, ""))
	if errors.Is(err, keystate.ErrKeyNotFound) {
		return s, wrong("%s %s: there is no such key in account %s, %s: give its ARN, its id, or alias/NAME", flag, id, u.Account, u.Region)
	}
	if err != nil {
		return s, fmt.Errorf("read the key of %s: %w", flag, err)
	}
	return s, nil
}

// named is a key as a person knows it.
func named(written string, s keystate.State) string {
	if s.Alias != "" && !strings.HasPrefix(written, "alias/") {
		return s.Alias
	}
	return written
}

// unusable warns of a key that no volume can lie under.
func (u *understanding) unusable(s keystate.State) {
	k := s.Facts.Key
	var do []quote.Task
	if k.State == "Disabled" {
		do = []quote.Task{{Account: arn.Account(k.ARN), Command: quote.Command("aws", "kms", "enable-key", "--key-id", k.ARN, "--region", u.Region)}}
	}
	switch {
	case k.State != "" && k.State != "Enabled" && k.State != "Updating":
		u.warn(false, do, "%s is in the state %s: KMS lets nobody use it until it is enabled", k.ARN, k.State)
	case k.Spec != "" && k.Spec != "SYMMETRIC_DEFAULT" || k.Usage != "" && k.Usage != "ENCRYPT_DECRYPT":
		u.warn(false, nil, "%s is a %s key for %s: EBS takes symmetric encryption keys only", k.ARN, k.Spec, k.Usage)
	}
}
