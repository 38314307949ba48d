package endtoend_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
)

// TestHealsFailedLaunch is the main job: the launch fails, the event arrives,
// the functions add the two statements, prove it, and the group launches.
func TestHealsFailedLaunch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)

	if n := w.inService("web-prod"); n != 2 {
		t.Fatalf("%d in service, want 2\n%v", n, w.story())
	}
	if got := w.policy(key); !w.opens(got, role) {
		t.Fatalf("the policy doesn't open the key to the role: %s", got)
	}
	if n := w.writes(); n != 1 {
		t.Errorf("%d writes, want 1", n)
	}
	for _, phase := range []record.Phase{record.Finding, record.Intent, record.Result, record.Proof} {
		if !slices.ContainsFunc(w.records(), func(r record.Record) bool { return r.Phase == phase && r.Group == "web-prod" }) {
			t.Errorf("no %s record\n%v", phase, w.story())
		}
	}
	if r := w.last(outcome.Fixed); !strings.HasSuffix(r.GroupMadeBy, ":user/admin") || len(r.TemplateMadeBy) != 1 || !strings.HasSuffix(r.TemplateMadeBy[0], ":user/admin") {
		t.Errorf("the record of a first opening says that %q made the group, and %q its template", r.GroupMadeBy, r.TemplateMadeBy)
	}
}

// TestHealsWithoutFailureEvent holds where a cancelled launch emits no event
// (aws-facts 1.3 is unsettled): the group's creation is signal enough.
func TestHealsWithoutFailureEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, switched(func(s *sandbox.Switches) { s.CancelledEmitsEvent = false }))
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 2 {
		t.Fatalf("%d in service, want 2\n%v", n, w.story())
	}
}

// TestHealsWithOldFailureText holds for the text AWS used until 2024.
func TestHealsWithOldFailureText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, switched(func(s *sandbox.Switches) { s.OldFailureText = true; s.TrailLogs = false }))
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 2 {
		t.Fatalf("%d in service, want 2\n%v", n, w.story())
	}
}

// TestFindsTheKey heals a group for every way that case 1 can come to need a
// key.
func TestFindsTheKey(t *testing.T) {
	t.Parallel()
	encrypted := func(key *string) *ec2types.LaunchTemplateEbsBlockDeviceRequest {
		return &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: new(true), KmsKeyId: key}
	}
	for name, make := range map[string]func(w *world, key string) (image string, ebs *ec2types.LaunchTemplateEbsBlockDeviceRequest){
		"key ARN": func(w *world, key string) (string, *ec2types.LaunchTemplateEbsBlockDeviceRequest) {
			return w.image(), encrypted(&key)
		},
		"key id": func(w *world, key string) (string, *ec2types.LaunchTemplateEbsBlockDeviceRequest) {
			id := key[len(key)-36:]
			return w.image(), encrypted(&id)
		},
		"alias": func(w *world, key string) (string, *ec2types.LaunchTemplateEbsBlockDeviceRequest) {
			w.alias("alias/platform-ebs", key)
			return w.image(), encrypted(new("alias/platform-ebs"))
		},
		"the snapshot's key": func(w *world, key string) (string, *ec2types.LaunchTemplateEbsBlockDeviceRequest) {
			return w.imageOf(w.snapshot(key)), nil
		},
		"default key, asked for": func(w *world, key string) (string, *ec2types.LaunchTemplateEbsBlockDeviceRequest) {
			w.defaultKey(key)
			return w.image(), encrypted(nil)
		},
		"default key as an alias, encryption by default": func(w *world, key string) (string, *ec2types.LaunchTemplateEbsBlockDeviceRequest) {
			w.alias("alias/platform-ebs", key)
			w.defaultKey("alias/platform-ebs")
			w.encryptByDefault()
			return w.image(), nil
		},
		"another key than the snapshot's": func(w *world, key string) (string, *ec2types.LaunchTemplateEbsBlockDeviceRequest) {
			other := w.key(rootOnly, enrolled)
			return w.imageOf(w.snapshot(other)), encrypted(&key)
		},
	} {
		for _, version := range []string{"1", "$Latest", "$Default"} {
			t.Run(name+" "+version, func(t *testing.T) {
				sample(t, 3)
				t.Parallel()
				w := newWorld(t)
				key := w.key(rootOnly, enrolled)
				image, ebs := make(w, key)
				w.group("web-prod", w.template("web", image, ebs), version)
				w.box.Advance(15 * time.Minute)
				if n := w.inService("web-prod"); n != 2 {
					t.Fatalf("%d in service, want 2\n%v", n, w.story())
				}
				if !w.opens(w.policy(key), role) {
					t.Error("the key that the test meant wasn't opened")
				}
			})
		}
	}
}

// TestLaunchConfiguration heals a group that launches from a launch
// configuration.
func TestLaunchConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configuredGroup("web-prod", w.key(rootOnly, enrolled), nil)
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 2 {
		t.Fatalf("%d in service, want 2\n%v", n, w.story())
	}
}

// TestSpotByLaunchConfiguration heals a group that launches Spot instances from a
// launch configuration: both roles that ask get the key, by statements or by a
// grant each.
func TestSpotByLaunchConfiguration(t *testing.T) {
	t.Parallel()
	const spot = "arn:aws:iam::" + account + ":role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
	for name, options := range map[string][]option{"statements": nil, "grants": {with("OwnKey", "grant")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, options...)
			key := w.key(rootOnly, enrolled)
			before := w.policy(key)
			w.configuredGroup("web-prod", key, new("0.05"))
			w.box.Advance(10 * time.Minute)
			if n := w.inService("web-prod"); n != 2 || w.writes() != 2 {
				t.Fatalf("%d in service, %d writes\n%v", n, w.writes(), w.story())
			}
			for _, who := range []string{role, spot} {
				if w.opens(w.policy(key), who) != (options == nil) {
					t.Errorf("the policy: %s", w.policy(key))
				}
			}
			w.undoAll(2)
			if w.policy(key) != before || len(w.ourGrants(key)) != 0 {
				t.Errorf("undone: %d grants, policy %s", len(w.ourGrants(key)), w.policy(key))
			}
		})
	}
}

// TestImageBehindAParameter heals a group whose template names its image by a
// parameter.
func TestImageBehindAParameter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.parameter("/golden/ami", w.image())
	w.group("web-prod", w.templateOf("web-prod", "resolve:ssm:/golden/ami", w.key(rootOnly, enrolled)), "$Latest")
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 2 {
		t.Fatalf("%d in service, want 2\n%v", n, w.story())
	}
}

// TestGrantWhereThePolicyCantBeEdited cures by a grant where KMS would refuse
// the edited policy, or where the policy belongs to someone's code.
func TestGrantWhereThePolicyCantBeEdited(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tags map[string]string
		ruin func(w *world, key string)
	}{
		"the policy is CloudFormation's": {tags: map[string]string{"keymend": "remediate", "aws:cloudformation:stack-name": "platform"}},
		"a foreign statement names a deleted role": {tags: enrolled, ruin: func(w *world, key string) {
			w.deadPrincipal(key)
		}},
		"the policy is as long as KMS allows": {tags: enrolled, ruin: func(w *world, key string) {
			w.longPolicy(key)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			key := w.key(rootOnly, tc.tags)
			if tc.ruin != nil {
				tc.ruin(w, key)
			}
			before := w.policy(key)
			w.broken("web-prod", key)
			w.box.Advance(15 * time.Minute)
			if n := w.inService("web-prod"); n != 2 {
				t.Fatalf("%d in service, want 2\n%v", n, w.story())
			}
			if w.policy(key) != before {
				t.Error("the policy was edited")
			}
		})
	}
}

// opens reports whether a policy lets the role do all that a launch needs.
func (w *world) opens(policy, role string) bool {
	w.t.Helper()
	doc, err := keypolicy.Parse(policy)
	must(w.t, err)
	p := access.Principal{ARN: role}
	arn := "arn:aws:kms:" + region + ":" + account + ":key/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"
	results := access.Evaluate(
		access.Facts{Key: access.Key{ARN: arn, State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"}, Policy: doc},
		access.Request{Principal: p, Operations: []string{"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}, Context: access.LaunchContext(p, arn)})
	return access.Decide(results) == access.Allowed
}
