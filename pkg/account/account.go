// Package account makes the AWS configurations that Keymend acts with: per
// account, Region and purpose. Reads and writes go through roles of their own,
// and each write session is narrowed to one action on one target.
package account

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"keymend/pkg/limit"
	"keymend/pkg/permission"
	"keymend/pkg/tag"
)

// ErrOtherAccount says that the credentials are of another account than the one
// to act in, and that no roles are named by which to get there.
var ErrOtherAccount = errors.New("the credentials are of another account")

// Options say how sessions are made.
type Options struct {
	Partition  string // aws, aws-cn, aws-us-gov; "" = aws
	RolePrefix string // of role names, as in "keymend-"; "" = the base's own credentials
	// Role is a role, its path with it, by which other accounts are read where RolePrefix
	// is empty; "" = they aren't read.
	Role    string
	Version string // of Keymend, for the user agent
}

// A SessionPolicy narrows a session, and names it.
type SessionPolicy struct {
	SessionName string // shows in CloudTrail; at most 64 characters
	Policy      string // IAM policy, JSON; at most 2,048 characters
	// For is the account for whose groups a policy writer writes, if that isn't the base's
	// own: an organization's hub acts for all its members.
	For string
}

// reading is a role that reads in an account.
type reading struct {
	account string
	role    permission.Role
}

// Sessions makes configurations. It is safe for concurrent use.
type Sessions struct {
	base    aws.Config
	options Options
	sts     *sts.Client

	mu      sync.Mutex
	readers map[reading]*session // they count in every Region

	asking sync.Mutex // not mu: a reader's session doesn't wait for it
	self   string     // the account of the base's credentials, once asked
}

// New returns sessions that start from base: its credentials assume the roles,
// and its endpoint (AWS_ENDPOINT_URL, as the SDK reads it) serves every call.
func New(base aws.Config, o Options) *Sessions {
	if o.Partition == "" {
		o.Partition = "aws"
	}
	base = base.Copy()
	base.RetryMode = aws.RetryModeStandard
	base.APIOptions = append(slices.Clip(base.APIOptions), middleware.AddUserAgentKeyValue("keymend", o.Version))
	return &Sessions{base: base, options: o, sts: sts.NewFromConfig(base), readers: map[reading]*session{}}
}

// Config returns a configuration for one purpose. With a role prefix that is a
// session of the account's role for the purpose: the readers' are kept, the
// others must be narrowed and are made anew. Without, it is the base's own
// credentials; for another account Options.Role's, or an error.
//
// A session is made with the first call that uses it, so a refused AssumeRole
// shows there.
func (s *Sessions) Config(ctx context.Context, account, region string, purpose permission.Role, narrow *SessionPolicy) (aws.Config, error) {
	if s.options.RolePrefix == "" {
		return s.own(ctx, account, region)
	}
	if narrow == nil && !kept(purpose) {
		return aws.Config{}, fmt.Errorf("open session of role %s: a role that writes takes a session for one action on one target", purpose)
	}
	cfg := s.base.Copy()
	cfg.Region = region
	if narrow != nil {
		from, err := s.from(ctx, account, purpose, narrow.For)
		if err != nil {
			return aws.Config{}, err
		}
		cfg.Credentials = aws.NewCredentialsCache(s.assume(account, purpose, *narrow, from))
	} else {
		s.reader(reading{account, purpose}).serve(&cfg)
	}
	return cfg, nil
}

// kept reports whether sessions of a role are kept: it changes nothing.
func kept(r permission.Role) bool {
	return slices.Contains([]permission.Role{permission.Reader, permission.KeyReader, permission.Lister, permission.Notifier}, r)
}

// mostKept is how many sessions are kept. Whoever writes a template names accounts in it,
// and a process lives for hours.
const mostKept = 500

func (s *Sessions) reader(r reading) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers[r] == nil {
		if len(s.readers) >= mostKept {
			clear(s.readers) // whoever uses one goes on with it
		}
		s.readers[r] = newSession(s.assume(r.account, r.role, SessionPolicy{SessionName: "keymend-" + string(r.role)}, ""))
	}
	return s.readers[r]
}

// from is the account that a session says it is from, to a role that writes in
// another account; "" = it says nothing.
func (s *Sessions) from(ctx context.Context, account string, purpose permission.Role, actsFor string) (string, error) {
	if purpose != permission.PolicyWriter {
		return "", nil
	}
	if actsFor == "" {
		var err error
		if actsFor, err = s.Self(ctx); err != nil {
			return "", err
		}
	}
	if actsFor == account {
		return "", nil
	}
	return actsFor, nil
}

// assume doesn't call yet. Which account a session is from, its tag says to IAM, and
// its source identity to CloudTrail.
func (s *Sessions) assume(account string, purpose permission.Role, narrow SessionPolicy, from string) aws.CredentialsProvider {
	place := permission.Place{Partition: s.options.Partition, Account: account, Prefix: s.options.RolePrefix}
	return stscreds.NewAssumeRoleProvider(s.sts, place.ARN(purpose), func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName(narrow.SessionName)
		o.Duration = limit.Session
		if narrow.Policy != "" {
			o.Policy = &narrow.Policy
		}
		if from != "" {
			o.SourceIdentity, o.Tags = &from, []types.Tag{{Key: new(tag.Account), Value: &from}}
		}
	})
}

// own returns the base's credentials, once it is known that they are the account's; for
// another account those of the role that reads there.
func (s *Sessions) own(ctx context.Context, account, region string) (aws.Config, error) {
	self, err := s.Self(ctx)
	if err != nil {
		return aws.Config{}, err
	}
	cfg := s.base.Copy()
	cfg.Region = region
	switch {
	case self == account:
	case s.options.Role != "":
		s.reader(reading{account, permission.Role(s.options.Role)}).serve(&cfg)
	default:
		return aws.Config{}, fmt.Errorf("%w: the credentials are of account %s, and the group or key is in account %s: use that account's credentials", ErrOtherAccount, self, account)
	}
	return cfg, nil
}

// Self returns the account of the base's credentials. It asks once.
func (s *Sessions) Self(ctx context.Context) (string, error) {
	s.asking.Lock()
	defer s.asking.Unlock()
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

var notInName = regexp.MustCompile(`[^a-zA-Z0-9_+=,.@-]`)

// sessionName keeps to what STS takes: 2 to 64 characters of [\w+=,.@-].
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func sessionName(name string) string {
	const least, most = 2, 64
	name = notInName.ReplaceAllLiteralString(name, "")
	if len(name) < least {
		return "keymend"
	}
	return name[:min(len(name), most)]
}
