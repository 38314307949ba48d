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

// ownKey: the template asks for encryption and names no key, so it takes the
// account's default one, which its owner enrolled.
func ownKey(ctx context.Context, s, _ *Seeder) error {
	key, err := s.Key(ctx, "alias/"+platform, remediate)
	if err != nil {
		return err
	}
	if err := s.DefaultKey(ctx, key); err != nil {
		return err
	}
	return s.Group(ctx, group, machine, Volume{Encrypted: true})
}

// notEnrolled: the template names a key that its owner hasn't enrolled.
func notEnrolled(ctx context.Context, s, _ *Seeder) error {
	key, err := s.Key(ctx, "alias/payments", "")
	if err != nil {
		return err
	}
	return s.Group(ctx, "payments", machine, Volume{Encrypted: true, Key: key})
}

// twoKeys: the root volume's key is open, the data volume's isn't.
func twoKeys(ctx context.Context, s, _ *Seeder) error {
	root, err := s.openKey(ctx, platform)
	if err != nil {
		return err
	}
	data, err := s.Key(ctx, "alias/data", remediate)
	if err != nil {
		return err
	}
	return s.Group(ctx, group, machine, Volume{Encrypted: true, Key: root}, Volume{Device: "/dev/sdf", Encrypted: true, Key: data})
}

// healthy: AWS's two statements are there.
func healthy(ctx context.Context, s, _ *Seeder) error {
	key, err := s.openKey(ctx, platform)
	if err != nil {
		return err
	}
	if err := s.Group(ctx, group, machine, Volume{Encrypted: true, Key: key}); err != nil {
		return err
	}
	s.advance(time.Minute) // until it is in service
	return nil
}

// disabled: the key is open, and disabled.
func disabled(ctx context.Context, s, _ *Seeder) error {
	key, err := s.openKey(ctx, platform)
	if err != nil {
		return err
	}
	if err := s.disable(ctx, key); err != nil {
		return err
	}
	return s.Group(ctx, group, machine, Volume{Encrypted: true, Key: key})
}

// deny: what the two statements allow, a third denies.
func deny(ctx context.Context, s, _ *Seeder) error {
	key, err := s.openKey(ctx, platform, inside())
	if err != nil {
		return err
	}
	return s.Group(ctx, group, machine, Volume{Encrypted: true, Key: key})
}

// openKey makes a key with AWS's two statements for the groups' role, and more.
func (s *Seeder) openKey(ctx context.Context, name string, more ...string) (string, error) {
	_, err := s.iam.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("autoscaling.amazonaws.com")})
	if _, there := errors.AsType[*iamtypes.InvalidInputException](err); err != nil && !there {
		return "", fmt.Errorf("create service-linked role: %w", err)
	}
	return s.key(ctx, "alias/"+name, nil, policy(append([]string{root(s.account), open(s.account)}, more...)...))
}

// suspended: the group failed for so long that Auto Scaling stopped it. That takes AWS a
// day, and the sandbox here two minutes.
func suspended(ctx context.Context, s, owner *Seeder) error {
	if err := s.control(ctx, "switches", `{"suspendAfter": "1m"}`); err != nil {
		return err
	}
	if err := ownKey(ctx, s, owner); err != nil {
		return err
	}
	s.advance(2 * time.Minute)
	return s.control(ctx, "switches", `{"suspendAfter": "24h"}`)
}

// managedByEKS: EKS made the group and its template.
func managedByEKS(ctx context.Context, s, _ *Seeder) error {
	key, err := s.Key(ctx, "alias/"+platform, remediate)
	if err != nil {
		return err
	}
	snapshot, err := s.snapshot(ctx, "eks-node", "")
	if err != nil {
		return err
	}
	image, err := s.image(ctx, "eks-node", snapshot)
	if err != nil {
		return err
	}
	return s.groupOf(ctx, eksGroup, image, machine, nodeTags(), Volume{Encrypted: true, Key: key})
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
