package settings_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/settings"
	"keymend/pkg/settings/variable"
)

func from(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		env  map[string]string
		want settings.Config
	}{
		"only the mode": {map[string]string{variable.Mode: "propose"}, settings.Config{
			Mode: "propose", Scope: "tagged", OwnKey: "auto", VerifyReads: 1, VerifyInterval: time.Second, Partition: "aws",
			ForeignKey: "grant", ForeignStatements: "procedure", MaxChangesAnHour: 10, MaxChangesAnHourInAll: 20,
		}},
		"everything": {map[string]string{
			variable.Mode: "enforce", variable.Scope: "all", variable.OwnKey: "grant", variable.SwitchParameter: "/keymend/switch",
			variable.OwnershipTags: " managed-by, team ,", variable.ChangesQueueURL: "http://127.0.0.1:4566/111122223333/keymend-changes.fifo",
			variable.RolePrefix: "keymend-", variable.VerifyReads: "3", variable.VerifyInterval: "20ms", variable.Partition: "aws-cn",
			variable.Accounts: "444455556666, 222233334444,444455556666", variable.ForeignKey: "report", variable.ForeignStatements: "least",
			variable.MaxChangesAnHour: "0", variable.MaxChangesAnHourInAll: "1000", variable.Governed: "eu-west-1, us-east-1", variable.ListingAccount: "000011112222",
		}, settings.Config{
			Mode: "enforce", Scope: "all", OwnKey: "grant", SwitchParameter: "/keymend/switch", OwnershipTags: []string{"managed-by", "team"},
			ChangesQueueURL: "http://127.0.0.1:4566/111122223333/keymend-changes.fifo", RolePrefix: "keymend-",
			VerifyReads: 3, VerifyInterval: 20 * time.Millisecond, Partition: "aws-cn",
			Accounts: []string{"222233334444", "444455556666"}, ForeignKey: "report", ForeignStatements: "least", MaxChangesAnHourInAll: 1000,
			Governed: []string{"eu-west-1", "us-east-1"}, ListingAccount: "000011112222",
		}},
		"an organization's hub, whose keys have to be enrolled": {map[string]string{variable.Mode: "enforce", variable.Scope: "all", variable.RolePrefix: "keymend-", variable.Accounts: "organization"}, settings.Config{
			Mode: "enforce", Scope: "tagged", OwnKey: "auto", RolePrefix: "keymend-", VerifyReads: 1, VerifyInterval: time.Second, Partition: "aws",
			Accounts: []string{"organization"}, ForeignKey: "grant", ForeignStatements: "procedure", MaxChangesAnHour: 10, MaxChangesAnHourInAll: 100,
		}},
	} {
		got, err := settings.Parse(from(tc.env))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Whatever is wrong, nothing is written, and every problem is named.
func TestAnyProblemMeansObserve(t *testing.T) {
	t.Parallel()
	bad := map[string]string{
		variable.Mode: "Enforce", variable.Scope: "everything", variable.OwnKey: "both", variable.SwitchParameter: "a b",
		variable.ChangesQueueURL: "https://sqs/changes", variable.RolePrefix: "a/b", variable.VerifyReads: "0",
		variable.VerifyInterval: "1h", variable.Partition: "mars",
		variable.Accounts: "444455556666 777788889999", variable.ForeignKey: "give", variable.ForeignStatements: "most",
		variable.CopyKey: "1a2b3c4d", variable.MoveDefault: "yes", variable.MaxChangesAnHour: "-1", variable.MaxChangesAnHourInAll: "many", variable.Governed: "Ireland", variable.ListingAccount: "management",
	}
	for name, value := range bad {
		env := map[string]string{variable.Mode: "enforce"}
		env[name] = value
		c, err := settings.Parse(from(env))
		if !errors.Is(err, settings.ErrMode) || c.Mode != "observe" || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), value) {
			t.Errorf("%s=%s: mode %s, %v", name, value, c.Mode, err)
		}
	}
	c, err := settings.Parse(from(bad))
	for name := range bad {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s isn't named in: %v", name, err)
		}
	}
	if c.Accounts != nil || c.ForeignKey != "report" || c.ForeignStatements != "procedure" || c.CopyKey != "" || c.MoveDefault {
		t.Errorf("not the most careful: %+v", c)
	}
	if c.Scope != "tagged" || c.ChangesQueueURL != "" || c.RolePrefix != "" {
		t.Errorf("a bad value was kept: %+v", c)
	}
	if c, err := settings.Parse(from(nil)); err == nil || c.Mode != "observe" {
		t.Errorf("mode unset: %s, %v", c.Mode, err)
	}
}

// Nothing is copied before it is known under which key.
func TestCopyNeedsAKey(t *testing.T) {
	t.Parallel()
	for key, says := range map[string]string{
		"": "KEYMEND_COPY_KEY is unset", "alias/aws/ebs": "a key that AWS manages", "1a2b3c4d": "must be a customer managed key",
		"arn:aws:kms:eu-west-1:111122223333:alias/aws/ebs": "a key that AWS manages",
		"alias/platform-ebs": "", "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000": "", "arn:aws-cn:kms:cn-north-1:111122223333:alias/ebs": "",
	} {
		c, err := settings.Parse(from(map[string]string{
			variable.Mode: "enforce", variable.ForeignKey: "copy", variable.CopyKey: key, variable.MoveDefault: "true",
		}))
		if says == "" {
			if err != nil || c.ForeignKey != "copy" || c.CopyKey != key || !c.MoveDefault || c.Mode != "enforce" {
				t.Errorf("%q: %+v, %v", key, c, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), says) || c.ForeignKey != "report" || c.Mode != "observe" {
			t.Errorf("%q: %+v, %v", key, c, err)
		}
	}
}

// The word for an organization stands alone, and is of use with roles only: else
// Keymend observes, and reaches no other account.
func TestOrganization(t *testing.T) {
	t.Parallel()
	for accounts, whole := range map[string]bool{"organization": true, " organization ,": true, "": false, "444455556666": false} {
		c, err := settings.Parse(from(map[string]string{variable.Mode: "enforce", variable.RolePrefix: "keymend-", variable.Accounts: accounts}))
		if err != nil || c.Organization() != whole {
			t.Errorf("%q: %+v, %v", accounts, c, err)
		}
	}
	for accounts, prefix := range map[string]string{"organization,444455556666": "keymend-", "444455556666,organization": "keymend-", "Organization": "keymend-", "organization,organization": "keymend-", "organization": ""} {
		c, err := settings.Parse(from(map[string]string{variable.Mode: "enforce", variable.RolePrefix: prefix, variable.Accounts: accounts}))
		if err == nil || c.Organization() || c.Accounts != nil || c.Mode != settings.Observe || !strings.Contains(err.Error(), variable.Accounts) {
			t.Errorf("%q: %+v, %v", accounts, c, err)
		}
	}
}

// Each row of the table reads one variable and sets one field.
func TestEachRowSetsItsField(t *testing.T) {
	t.Parallel()
	read := map[string]bool{}
	if _, err := settings.Parse(func(name string) string { read[name] = true; return "" }); err == nil {
		t.Error("an unset mode is no problem")
	}
	if fields := reflect.TypeFor[settings.Config]().NumField(); len(read) != fields || len(settings.Table()) != fields {
		t.Errorf("%d read, %d in the table, %d fields", len(read), len(settings.Table()), fields)
	}
	for _, s := range settings.Table() {
		if !read[s.Variable] || !strings.HasPrefix(s.Variable, "KEYMEND_") {
			t.Errorf("%s isn't read", s.Variable)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	a, b := settings.Config{Mode: "enforce"}, settings.Config{Mode: "observe"}
	if a.Digest() == b.Digest() || a.Digest() != (settings.Config{Mode: "enforce"}).Digest() || len(a.Digest()) != 64 {
		t.Errorf("%s, %s", a.Digest(), b.Digest())
	}
	if sender := (settings.Config{Mode: "enforce", ChangesQueueURL: "https://q.fifo"}); sender.Digest() != a.Digest() {
		t.Error("two functions with the same settings have two digests")
	}
}
