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
	Account = "111122223333" // the group's
	Owner   = "444455556666" // the key's, or the image's, where that is another
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

// A Scenario is a situation to try Keymend on.
type Scenario struct {
	Name string
	Says string   // what it is, in a line
	Try  []string // the first command, without the program's name
	Two  bool     // Owner has a part in it, too

	// Functions are the parameters of a deployment that acts in it.
	Functions map[string]string

	seed seed
}

// All returns every scenario; the first is the default.
func All() []Scenario {
	web := []string{"diagnose", group}
	webOfBoth := []string{"diagnose", group, "--accounts", Owner}
	both := map[string]string{"Accounts": Owner}
	return []Scenario{
		{"own-key", "the account's default EBS key is closed to the group", web, false, nil, alone(group, platform, underShutDefaultKey, nil)},
		{"not-enrolled", "the template's key is closed, and nobody enrolled it", []string{"diagnose", "payments"}, false, nil, alone("payments", "payments", underShutKey(""), nil)},
		{"two-keys", "two volumes under two keys; one key is closed", web, false, nil, alone(group, platform, underHalfShutKeys, nil)},
		{"healthy", "the key is open, the group in service: nothing to do", web, false, nil, healthy},
		{"disabled", "the key is open, and somebody disabled it", web, false, nil, alone(group, platform, underDisabledKey, nil)},
		{"deny", "the key is open, and a Deny shuts the launch out", web, false, nil, alone(group, platform, underDenyingKey, nil)},
		{"suspended", "the key is closed, and Auto Scaling stopped the group", web, false, nil, suspended},
		{"managed-by-eks", "the key is closed to a node group of EKS", []string{"diagnose", eksGroup}, false, nil, alone(eksGroup, platform, underShutKey(remediate), nodeTags())},
		{"other-account", "another account's key, shared; the grant is missing", webOfBoth, true, both, alone(group, "golden", underSharedKey, nil)},
		{"other-account-not", "another account's key, shared with nobody", webOfBoth, true, both, alone(group, "golden", underForeignKey, nil)},
		{"copy", "another account's image, to be copied under an own key", []string{"diagnose", group, "--copy-key", copyKey}, true, map[string]string{"Accounts": Owner, "ForeignKey": "copy", "CopyKey": copyKey}, alone(group, "golden", ofCopiable, nil)},
		{"hidden-snapshot", "another account's image, whose snapshot isn't shared", webOfBoth, true, both, alone(group, "golden", ofHiddenSnapshotAlone, nil)},
		{"account", "17 groups; some fail, some would, one can't be told", []string{"scan"}, true, both, oneAccount},
		{"many", "5,000 groups; some fail, some would, some can't be told", []string{"scan"}, true, both, many},
	}
}

// Names returns the scenarios there are.
func Names() []string {
	var names []string
	for _, s := range All() {
		names = append(names, s.Name)
	}
	return names
}

// Find returns a scenario by its name.
func Find(name string) (Scenario, error) {
	all := All()
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, fmt.Errorf("no scenario %q; there are: %s", name, strings.Join(Names(), ", "))
	}
	return all[i], nil
}

// Seed puts a scenario into the sandbox behind the endpoint.
func Seed(ctx context.Context, name, endpoint string, advance func(time.Duration)) error {
	s, err := Find(name)
	if err != nil {
		return err
	}
	as := func(account string) *Seeder { return NewSeeder(Config(endpoint, account, Region), account, advance) }
	if err := s.seed(ctx, as(Account), as(Owner)); err != nil {
		return fmt.Errorf("seed scenario %s: %w", name, err)
	}
	return nil
}
