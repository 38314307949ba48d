package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Where every scenario takes place.
const (
	Account = "111122223333"
	Region  = "eu-west-1"
)

// Config returns the SDK's configuration for a sandbox's endpoint, as the
// administrator of an account: an access key id of 12 digits is that.
func Config(endpoint, account, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""),
	}
}

// A seeding is a scenario by name.
type seeding struct {
	name string
	seed func(context.Context, *Seeder) error
}

func seedings() []seeding {
	return []seeding{
		{"own-key", ownKey},
		{"not-enrolled", notEnrolled},
	}
}

// Names returns the scenarios there are.
func Names() []string {
	var names []string
	for _, s := range seedings() {
		names = append(names, s.name)
	}
	return names
}

// Seed puts a scenario into the sandbox behind the endpoint.
func Seed(ctx context.Context, name, endpoint string, advance func(time.Duration)) error {
	i := slices.IndexFunc(seedings(), func(s seeding) bool { return s.name == name })
	if i < 0 {
		return fmt.Errorf("no scenario %q; there are: %s", name, strings.Join(Names(), ", "))
	}
	if err := seedings()[i].seed(ctx, NewSeeder(Config(endpoint, Account, Region), Account, advance)); err != nil {
		return fmt.Errorf("seed scenario %s: %w", name, err)
	}
	return nil
}

// ownKey: the template asks for encryption and names no key, so it takes the
// account's default one, which its owner enrolled.
func ownKey(ctx context.Context, s *Seeder) error {
	key, err := s.Key(ctx, "alias/platform-ebs", "remediate")
	if err != nil {
		return err
	}
	if err := s.DefaultKey(ctx, key); err != nil {
		return err
	}
	return s.Group(ctx, "web-prod", "m5.large", Volume{Encrypted: true})
}

// notEnrolled: the template names a key that its owner hasn't enrolled.
func notEnrolled(ctx context.Context, s *Seeder) error {
	key, err := s.Key(ctx, "alias/payments", "")
	if err != nil {
		return err
	}
	return s.Group(ctx, "payments", "m5.large", Volume{Encrypted: true, Key: key})
}
