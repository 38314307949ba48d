package command

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/access"
	"keymend/pkg/arn"
)

// A session is whose credentials the program has, and where it looks.
type session struct {
	aws     aws.Config
	account string
	arn     string // of the caller
	place   report.Place
}

// login finds credentials and Region as the AWS CLI does.
func (p *program) login(ctx context.Context) (session, error) {
	// The SDK's own warnings are about its plumbing; what fails comes back as an
	// error, and is said once.
	if at := p.place("", "").Endpoint; at != "" {
		if u, err := url.Parse(at); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return session{}, misused("%q %w, as http://127.0.0.1:8470 is one: mend --endpoint-url or AWS_ENDPOINT_URL", at, errNoEndpoint)
		}
	}
	options := []func(*config.LoadOptions) error{config.WithAppID("keymend-" + p.Version), config.WithLogger(logging.Nop{})}
	if p.flags.Region != "" {
		options = append(options, config.WithRegion(p.flags.Region))
	}
	if p.flags.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(p.flags.Profile))
	}
	if p.flags.EndpointURL != "" {
		options = append(options, config.WithBaseEndpoint(p.flags.EndpointURL))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return session{}, misused("read AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return session{}, misused("%w", errNoRegion)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return session{}, misused("%w: %w", errNoCredentials, err)
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return session{}, fmt.Errorf("ask AWS whose credentials these are: %w", err)
	}
	account := aws.ToString(who.Account)
	return session{aws: cfg, account: account, arn: aws.ToString(who.Arn), place: p.place(account, cfg.Region)}, nil
}

// forMany is the session for many calls at once, which are throttled: it tries each more
// often, a little later each time.
func (s session) forMany() session {
	const tries = 10
	s.aws.RetryMaxAttempts = tries
	return s
}

// principal is who the caller is to a policy. A session's ARN leaves its role's
// path out, so that one stands for a role that may have another name.
func (s session) principal() access.Principal {
	who, _ := arn.Parse(s.arn)
	session, ok := strings.CutPrefix(who.Resource, "assumed-role/")
	if !ok {
		return access.Principal{ARN: s.arn}
	}
	name, _, _ := strings.Cut(session, "/")
	return access.Principal{ARN: "arn:" + who.Partition + ":iam::" + s.account + ":role/" + name, SessionARN: s.arn}
}

// place is where this run acts, so that a printed command acts there from another shell:
// flags say it, or else the environment.
func (p *program) place(account, region string) report.Place {
	at := report.Place{Account: account, Region: region, Profile: p.flags.Profile, Endpoint: p.flags.EndpointURL, Roles: p.given.reaching}
	// Of the environment, keys and a web identity go before a profile; of flags, a
	// profile goes before these.
	// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
	if at.Profile == "" && p.Getenv("AWS_ACCESS_KEY_ID") == "" && p.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") == "" {
		at.Profile = p.Getenv("AWS_PROFILE")
	}
	if at.Endpoint == "" && p.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") != "true" {
		at.Endpoint = p.Getenv("AWS_ENDPOINT_URL")
	}
	return at
}
