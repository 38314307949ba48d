package command_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/cmd/keymend/internal/scenario"
)

// TestManyAtOnce: commands for 64 roles open one key at the same time, as nothing keeps
// them from. None says that it is fixed and isn't, most are, and the rest says what to
// do. Keymend's statements name ten roles; the others get a grant.
func TestManyAtOnce(t *testing.T) {
	const many = 64
	w := newWorld(t)
	w.seed("own-key")
	t.Setenv("KEYMEND_VERIFY_INTERVAL", "1s")
	t.Setenv("KEYMEND_VERIFY_READS", "1")
	seeder := scenario.NewSeeder(w.cfg, scenario.Account, w.box.Advance)
	groups, roles := autoscaling.NewFromConfig(w.cfg), make([]string, many)
	for i := range many {
		name := fmt.Sprintf("team-%d", i)
		must(t, seeder.Group(t.Context(), name, "m5.large", scenario.Volume{Encrypted: true}))
		made, err := iam.NewFromConfig(w.cfg).CreateServiceLinkedRole(t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("autoscaling.amazonaws.com"), CustomSuffix: &name})
		must(t, err)
		roles[i] = *made.Role.Arn
		_, err = groups.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: &name, ServiceLinkedRoleARN: &roles[i]})
		must(t, err)
	}
	w.box.Advance(5 * time.Minute)
	ran := make([]said, many)
	var all sync.WaitGroup
	began := time.Now()
	for i := range many {
		all.Go(func() {
			ran[i] = run(t, "", "diagnose", fmt.Sprintf("team-%d", i), "--apply", "--yes", "--audit-file", filepath.Join(w.dir, fmt.Sprint(i)))
		})
	}
	all.Wait()
	described, err := kms.NewFromConfig(w.cfg).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: new("alias/platform-ebs")})
	must(t, err)
	policy, key, fixed := w.policy("alias/platform-ebs"), *described.KeyMetadata.Arn, 0
	for i, s := range ran {
		open := strings.Count(policy, `"`+roles[i]+`"`) == 2 || w.granted(key, roles[i])
		switch {
		case s.code == 0 && !open:
			t.Errorf("team-%d says that it is fixed, and isn't:\n%s", i, s.out)
		case s.code == 0:
			fixed++
		case !strings.Contains(s.out+s.err, "again"):
			t.Errorf("team-%d doesn't say to run again: exit %d\n%s%s", i, s.code, s.out, s.err)
		}
	}
	t.Logf("%d of %d fixed in %s", fixed, many, time.Since(began).Round(time.Second))
	if fixed <= many/2 {
		t.Errorf("%d of %d are fixed", fixed, many)
	}
}

func (w *world) granted(key, role string) bool {
	w.t.Helper()
	out, err := kms.NewFromConfig(w.cfg).ListGrants(w.t.Context(), &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: &role})
	must(w.t, err)
	return len(out.Grants) == 1 && len(out.Grants[0].Operations) == 8
}
