package scenario

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	group     = "web-prod"
	eksGroup  = "eks-workers-2ac1a2b3-0f1e-2d3c-4b5a-69788796a5b4"
	machine   = "m5.large"
	platform  = "platform-ebs"
	remediate = "remediate" // of the tag keymend
)

// A seed makes a scenario in the account of the groups and that of the owner.
type seed func(ctx context.Context, group, owner *Seeder) error

// alone makes one group, which launches from a template of a kind; key is the name that the
// kind is made under.
func alone(name, key string, make kind, tags map[string]string) seed {
	return func(ctx context.Context, s, owner *Seeder) error {
		m := &maker{own: s, owner: owner}
		template, err := m.template(ctx, name, key, make)
		if err != nil {
			return err
		}
		return s.launching(ctx, name, template, "$Latest", desired, tags)
	}
}

// healthy: AWS's two statements are there.
func healthy(ctx context.Context, s, owner *Seeder) error {
	if err := alone(group, platform, underOwnOpenKey, nil)(ctx, s, owner); err != nil {
		return err
	}
	s.advance(time.Minute) // until it is in service
	return nil
}

// suspended: the group failed for so long that Auto Scaling stopped it. That takes AWS a
// day, and the sandbox here two minutes.
func suspended(ctx context.Context, s, owner *Seeder) error {
	if err := s.control(ctx, "switches", `{"suspendAfter": "1m"}`); err != nil {
		return err
	}
	if err := alone(group, platform, underShutDefaultKey, nil)(ctx, s, owner); err != nil {
		return err
	}
	s.advance(2 * time.Minute)
	return s.control(ctx, "switches", `{"suspendAfter": "24h"}`)
}

// openKey makes a key with AWS's two statements for the groups' role, and more.
func (s *Seeder) openKey(ctx context.Context, name string, more ...string) (string, error) {
	_, err := s.iam.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("autoscaling.amazonaws.com")})
	if _, there := errors.AsType[*iamtypes.InvalidInputException](err); err != nil && !there {
		return "", fmt.Errorf("create service-linked role: %w", err)
	}
	return s.key(ctx, "alias/"+name, nil, policy(append([]string{root(s.account), open(s.account)}, more...)...))
}

// nodeTags are those by which EKS marks a group as its own.
func nodeTags() map[string]string {
	return map[string]string{"eks:nodegroup-name": "workers", "eks:cluster-name": "platform"}
}

// control asks the sandbox itself, beside AWS's APIs.
func (s *Seeder) control(ctx context.Context, path, body string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint+"/_keymend/"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return fmt.Errorf("control the sandbox: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("control the sandbox: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // nothing of it is read
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("control the sandbox: %s", answer.Status)
	}
	return nil
}
