package endtoend_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"keymend/pkg/sandbox/conformance/tool"
)

// hostile is a name that AWS takes for a group, and a shell would take apart.
const hostile = "web;touch${IFS}x;#"

// A shell runs what is printed, for the AWS CLI and for Keymend, with the credentials of the
// account that it is printed for. Its own default leads to nobody: a command says where it acts.
type shell struct {
	*world
	path, home string
}

func newShell(t *testing.T, w *world) *shell {
	t.Helper()
	aws := tool.Tool{Program: "aws", Probe: []string{"--version"}, What: "what is printed for it"}.Need(t)
	bin := t.TempDir()
	// Nobody can be asked there, so that it says yes to what is pasted.
	must(t, os.WriteFile(filepath.Join(bin, "keymend"), []byte(`#!/bin/sh
command=$1; shift
for word; do case $word in --) break;; --apply) set -- --yes "$@"; break;; esac; done
exec '`+binaries["keymend"]+`' "$command" "$@"
`), 0o700))
	return &shell{w, bin + ":" + filepath.Dir(aws) + ":/usr/bin:/bin", t.TempDir()}
}

// runs runs the commands of a screen, and returns which they were.
func (s *shell) runs(screen string) string {
	s.t.Helper()
	var ran []string
	as, key := account, "KEY"
	for line := range strings.Lines(screen) {
		if by := regexp.MustCompile(`ccount (\d{12}) (runs|does)`).FindStringSubmatch(line); by != nil {
			as = by[1]
		}
		if command := regexp.MustCompile(`^.{0,12}(aws \S+ \S+ .*)\n$`).FindStringSubmatch(line); command != nil {
			said := s.types(as, strings.ReplaceAll(command[1], "key/KEY", "key/"+key)) // as it is said beside it
			if told := regexp.MustCompile(`:key/([^"]+)"`).FindStringSubmatch(said); told != nil {
				key = told[1]
			}
			ran, as = append(ran, as[:3]+" "+strings.Join(strings.Fields(command[1])[1:3], " ")), account
		}
	}
	return strings.Join(ran, ", ")
}

// environment is that of the shell.
func (s *shell) environment(as string) []string {
	return []string{
		"PATH=" + s.path, "HOME=" + s.home, "AWS_EC2_METADATA_DISABLED=true", "AWS_ACCESS_KEY_ID=" + as, "AWS_SECRET_ACCESS_KEY=any",
		"AWS_PAGER=", "AWS_ENDPOINT_URL=http://127.0.0.1:1", "KEYMEND_VERIFY_INTERVAL=1ms",
	}
}

// types runs one command, and returns what it says.
func (s *shell) types(as, command string) string {
	s.t.Helper()
	run := exec.CommandContext(s.t.Context(), "sh", "-c", command)
	run.Dir = s.home
	run.Env = s.environment(as)
	out, err := run.CombinedOutput()
	if err != nil {
		s.t.Errorf("%s\n%v\n%s", command, err, out)
	}
	left, err := os.ReadDir(s.home)
	must(s.t, err)
	for _, file := range left {
		if !strings.HasPrefix(file.Name(), ".aws") {
			s.t.Errorf("%s made %s", command, file.Name())
		}
	}
	return string(out)
}

// TestJudgedPrintedCommandsOfAWSHeal: what a screen prints for the AWS CLI does what it says:
// after it the key can be used, the grant stands, the snapshot is shared.
func TestJudgedPrintedCommandsOfAWSHeal(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		make func(b *border) (key string)
		want string
		done func(b *border, key string) bool
	}{
		"a key that is to be deleted": {
			make: func(b *border) string {
				key := b.key(openTo(account, account), enrolled)
				b.broken(hostile, key)
				b.scheduleDeletion(key)
				return key
			}, want: "111 kms cancel-key-deletion, 111 kms enable-key", done: enabled,
		},
		"another account's key": {
			make: func(b *border) string {
				key := b.there.key(ownerPolicy(useByRoot, byRoot), nil)
				b.broken(hostile, key)
				return key
			}, want: "111 kms create-grant", done: func(b *border, key string) bool { return len(b.grants(key)) == 1 },
		},
		"a hidden snapshot": {
			make: func(b *border) string {
				key := b.there.key(ownerPolicy(useByRoot, byRoot), nil)
				b.group(hostile, b.mappedTemplate("web", b.sharedImage(b.there.snapshot(key), false)), "$Latest")
				return key
			}, want: "444 ec2 describe-snapshots, 111 kms create-grant", done: func(b *border, key string) bool { return len(b.grants(key)) == 1 },
		},
		"a role that isn't there": {
			make: func(b *border) string {
				suffixed := b.suffixedRole("=payments@x")
				_, err := b.asg.CreateAutoScalingGroup(b.t.Context(), &autoscaling.CreateAutoScalingGroupInput{
					AutoScalingGroupName: new(hostile), MinSize: new(int32(0)), MaxSize: new(int32(1)), DesiredCapacity: new(int32(1)), AvailabilityZones: []string{region + "a"},
					LaunchTemplate:       &astypes.LaunchTemplateSpecification{LaunchTemplateId: new(b.encryptedTemplate("web", b.key(rootOnly, enrolled)))},
					ServiceLinkedRoleARN: &suffixed,
				})
				must(b.t, err)
				_, err = b.iam.DeleteServiceLinkedRole(b.t.Context(), &iam.DeleteServiceLinkedRoleInput{RoleName: new("AWSServiceRoleForAutoScaling_=payments@x")})
				must(b.t, err)
				return ""
			}, want: "111 iam create-service-linked-role", done: func(b *border, _ string) bool { return b.hasRole("=payments@x") },
		},
		"the switch is off": {
			make: func(b *border) string {
				b.broken(hostile, b.key(rootOnly, enrolled))
				b.parameter("/keymend/switch", "off")
				return "/keymend/switch"
			}, want: "111 ssm put-parameter", done: func(b *border, name string) bool {
				out, err := b.ssm.GetParameter(b.t.Context(), &ssm.GetParameterInput{Name: &name})
				return err == nil && *out.Parameter.Value == "on"
			},
		},
		"a multi-Region key of elsewhere": {
			make: func(b *border) string {
				key := b.in("us-east-1").multiRegionKey()
				b.broken(hostile, key)
				return strings.Replace(key, "us-east-1", region, 1)
			}, want: "111 kms replicate-key", done: func(b *border, key string) bool {
				b.box.Advance(time.Minute)
				return enabled(b, key)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBorder(t, false, with("Mode", "observe"), unwatched)
			about := tc.make(b)
			b.box.Advance(5 * time.Minute)
			_, screen := b.keymend(account, "diagnose", hostile)
			if got := newShell(t, b.world).runs(screen); got != tc.want || tc.done != nil && !tc.done(b, about) {
				t.Errorf("%s, want %s\n%s", got, tc.want, screen)
			}
		})
	}
}

func enabled(b *border, key string) bool {
	out, err := b.kms.DescribeKey(b.t.Context(), &kms.DescribeKeyInput{KeyId: &key})
	return err == nil && out.KeyMetadata.Enabled
}

// TestJudgedPrintedCommandsOfAWSAboutCopies: the same of what is left to others where a copy is
// made: what the snapshot's owner does, and whoever keeps the group.
func TestJudgedPrintedCommandsOfAWSAboutCopies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		make  func(s *sitting)
		looks int // until it says so
		want  string
		done  func(s *sitting) bool
	}{
		"a snapshot that isn't shared": {
			make: func(s *sitting) {
				s.group(hostile, s.mappedTemplate("web", s.sharedImage(s.there.snapshot(s.theirs), false)), "$Latest")
			},
			looks: 1, want: "444 ec2 modify-snapshot-attribute", done: func(s *sitting) bool {
				_, screen := s.run(account, s.environment, "diagnose", hostile)
				return strings.Contains(screen, "1 copy of")
			},
		},
		"a default key of another account": {
			make: func(s *sitting) {
				s.defaultKey(s.theirs)
				s.group(hostile, s.template("web", s.world.image(), &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: new(true)}), "$Latest")
			},
			looks: 1, want: "111 ec2 modify-ebs-default-kms-key-id", done: func(s *sitting) bool {
				out, err := s.ec2.GetEbsDefaultKmsKeyId(s.t.Context(), &ec2.GetEbsDefaultKmsKeyIdInput{})
				return err == nil && *out.KmsKeyId == s.ours
			},
		},
		"a version by its number": {
			make:  func(s *sitting) { s.group(hostile, s.mappedTemplate("web", s.copies.image), "1") },
			looks: 2, want: "111 autoscaling update-auto-scaling-group", done: func(s *sitting) bool {
				out, err := s.asg.DescribeAutoScalingGroups(s.t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{hostile}})
				return err == nil && *out.AutoScalingGroups[0].LaunchTemplate.Version == "2"
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSitting(t, copyable)
			tc.make(s)
			s.box.Advance(3 * time.Minute)
			args := []string{"diagnose", hostile}
			if tc.looks > 1 {
				args = append(args, "--apply", "--audit-file", s.file)
			}
			screen := ""
			for range tc.looks {
				_, screen = s.run(account, s.environment, args...)
				s.box.Advance(10 * time.Minute)
			}
			if got := newShell(t, s.world).runs(screen); got != tc.want || !tc.done(s) {
				t.Errorf("%s, want %s\n%s", got, tc.want, screen)
			}
		})
	}
}
