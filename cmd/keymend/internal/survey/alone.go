package survey

import (
	"keymend/pkg/census"

	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keymend/pkg/arn"
	"keymend/pkg/permission"
	"keymend/pkg/precheck"
)

// alone looks for the stack of an account that works alone, by roles that only that has:
// in members those of its functions, in the hub, which has these too, the approver.
func (s Survey) alone(ctx context.Context, members []precheck.Member) map[string]precheck.Seen[bool] {
	accounts := map[string]aws.Config{}
	if s.Role != "" {
		for _, m := range members {
			if m.State == precheck.Active {
				accounts[m.ID] = s.taking(m.ID)
			}
		}
	}
	if s.Hub != nil {
		accounts[s.Settings.Hub] = *s.Hub
	}
	out := map[string]precheck.Seen[bool]{}
	for id, cfg := range accounts {
		role := permission.Diagnose
		if id == s.Settings.Hub {
			role = permission.Approver
		}
		out[id] = seen(hasRole(ctx, cfg, "keymend-"+string(role)))
	}
	return out
}

// taking is the caller in another account.
func (s Survey) taking(id string) aws.Config {
	if id == s.Account {
		return s.AWS
	}
	cfg := s.AWS.Copy()
	who, _ := arn.Parse(s.ARN) // the caller's, as STS gave it
	cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(s.AWS), "arn:"+who.Partition+":iam::"+id+":role/"+s.Role))
	return cfg
}

func hasRole(ctx context.Context, cfg aws.Config, name string) (bool, error) {
	role, err := census.Role(ctx, iam.NewFromConfig(cfg), name)
	return role != nil, err
}
