// Package account makes the AWS configurations that Keymend acts with: per
// account, Region and purpose. Reads and writes go through roles of their own,
// and each write session is narrowed to one action on one target.
package account

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keymend/pkg/permission"
)

// Options say how sessions are made.
type Options struct {
	Partition  string // aws, aws-cn, aws-us-gov
	RolePrefix string // of role names, as in "keymend-"; "" = the base's own credentials
	Version    string // of Keymend, for the user agent
}

// A SessionPolicy narrows a session, and names it.
type SessionPolicy struct {
	SessionName string // shows in CloudTrail; at most 64 characters
	Policy      string // IAM policy, JSON; at most 2,048 characters
}

// Sessions makes configurations. It is safe for concurrent use.
type Sessions struct {
	base    aws.Config
	options Options
	sts     *sts.Client

	mu      sync.Mutex
	readers map[string]aws.Config
	self    string // the account of the base's credentials, once asked
}

// New returns sessions that start from base's credentials.
func New(base aws.Config, o Options) *Sessions {
	base = base.Copy()
	base.APIOptions = append(base.APIOptions, middleware.AddUserAgentKeyValue("keymend", o.Version))
	return &Sessions{base: base, options: o, sts: sts.NewFromConfig(base), readers: map[string]aws.Config{}}
}

// Config returns a configuration for one purpose. With a role prefix that is a
// session of the account's role for the purpose, narrowed if narrow isn't nil;
// sessions that aren't narrowed are kept. Without, it is the base's own
// credentials, and an error where they are of another account.
func (s *Sessions) Config(ctx context.Context, account, region string, purpose permission.Role, narrow *SessionPolicy) (aws.Config, error) {
	if s.options.RolePrefix == "" {
		return s.own(ctx, account, region)
	}
	if narrow != nil {
		return s.assume(account, region, purpose, narrow), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := account + " " + region + " " + string(purpose)
	cfg, ok := s.readers[name]
	if !ok {
		cfg = s.assume(account, region, purpose, &SessionPolicy{SessionName: "keymend-" + string(purpose)})
		s.readers[name] = cfg
	}
	return cfg, nil
}

// assume doesn't call yet: the session is made with the first request.
func (s *Sessions) assume(account, region string, purpose permission.Role, narrow *SessionPolicy) aws.Config {
	place := permission.Place{Partition: s.options.Partition, Account: account, Prefix: s.options.RolePrefix}
	provider := stscreds.NewAssumeRoleProvider(s.sts, place.ARN(purpose), func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = narrow.SessionName
		o.Duration = 15 * time.Minute // the least that STS gives
		if narrow.Policy != "" {
			o.Policy = &narrow.Policy
		}
	})
	cfg := s.base.Copy()
	cfg.Region = region
	cfg.Credentials = aws.NewCredentialsCache(provider)
	return cfg
}

// own returns the base's credentials, once it is known that they are the
// account's.
func (s *Sessions) own(ctx context.Context, account, region string) (aws.Config, error) {
	self, err := s.Self(ctx)
	if err != nil {
		return aws.Config{}, err
	}
	if self != account {
		return aws.Config{}, fmt.Errorf("the credentials are of account %s, and the group or key is in account %s: use that account's credentials", self, account)
	}
	cfg := s.base.Copy()
	cfg.Region = region
	return cfg, nil
}

// Self returns the account of the base's credentials. It asks once.
func (s *Sessions) Self(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.self != "" {
		return s.self, nil
	}
	out, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("get caller identity: %w", err)
	}
	s.self = aws.ToString(out.Account)
	return s.self, nil
}
