package ec2_test

import (
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/ec2"
)

type ebs = types.LaunchTemplateEbsBlockDeviceRequest

// fromPlain, own and across are what a launch asks of KMS (tools.md 7,
// aws-facts 2).
func fromPlain(key string) []string {
	return []string{"GenerateDataKeyWithoutPlaintext " + key, "CreateGrant " + key, "Decrypt " + key}
}

func own(key string) []string {
	return []string{"GenerateDataKeyWithoutPlaintext " + key, "CreateGrant " + key}
}

func across(source, target string) []string {
	return []string{
		"GenerateDataKeyWithoutPlaintext " + target, "ReEncryptFrom " + source, "ReEncryptTo " + target,
		"Decrypt " + source, "CreateGrant " + source, "CreateGrant " + target,
	}
}

// TestKeysOfALaunch is AWS's table of encryption outcomes, as far as the image
// is one's own.
func TestKeysOfALaunch(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		source    string // the snapshot's key
		template  *ebs
		byDefault bool
		chosen    string // default key
		want      []string
		volume    string
	}{
		"plain":                              {},
		"plain, Encrypted false":             {template: &ebs{Encrypted: new(false)}},
		"plain, Encrypted":                   {template: &ebs{Encrypted: new(true)}, want: fromPlain("aws-managed"), volume: "aws-managed"},
		"plain, Encrypted, default chosen":   {template: &ebs{Encrypted: new(true)}, chosen: "D", want: fromPlain("D"), volume: "D"},
		"plain, default chosen but off":      {chosen: "D"},
		"plain, by default":                  {byDefault: true, chosen: "D", want: fromPlain("D"), volume: "D"},
		"plain, by default, Encrypted false": {template: &ebs{Encrypted: new(false)}, byDefault: true, chosen: "D", want: fromPlain("D"), volume: "D"},
		"plain, key":                         {template: &ebs{Encrypted: new(true), KmsKeyId: new("alias/K")}, byDefault: true, chosen: "D", want: fromPlain("K"), volume: "K"},
		"encrypted":                          {source: "S", want: own("S"), volume: "S"},
		"encrypted, by default":              {source: "S", byDefault: true, chosen: "D", want: own("S"), volume: "S"},
		"encrypted, Encrypted":               {source: "S", template: &ebs{Encrypted: new(true)}, chosen: "D", want: own("S"), volume: "S"},
		"encrypted, larger":                  {source: "S", template: &ebs{VolumeSize: new(int32(80))}, want: own("S"), volume: "S"},
		"encrypted, its own key":             {source: "S", template: &ebs{Encrypted: new(true), KmsKeyId: new("S")}, want: own("S"), volume: "S"},
		"encrypted, another key":             {source: "S", template: &ebs{Encrypted: new(true), KmsKeyId: new(keys + "K")}, want: across("S", "K"), volume: "K"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			image := w.image(w.snapshot(tc.source))
			var mappings []types.LaunchTemplateBlockDeviceMappingRequest
			if tc.template != nil {
				mappings = append(mappings, root(*tc.template))
			}
			if tc.byDefault {
				_, err := w.ec2.EnableEbsEncryptionByDefault(as(account), nil)
				must(t, err)
			}
			if tc.chosen != "" {
				_, err := w.ec2.ModifyEbsDefaultKmsKeyId(as(account), &sdk.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: &tc.chosen})
				must(t, err)
			}
			id, err := w.run(w.template("web", image, mappings...))
			must(t, err)
			if w.asked != nil {
				t.Errorf("KMS was asked before RunInstances answered: %v", w.asked)
			}
			w.clock.Advance(5 * time.Second)
			if diff := cmp.Diff(tc.want, w.asked); diff != "" {
				t.Errorf("asked of KMS (-want +got):\n%s", diff)
			}
			w.wantVolume(id, tc.volume)
		})
	}
}

// wantVolume holds a running instance's root volume to its key.
func (w *world) wantVolume(id, key string) {
	w.t.Helper()
	i := w.instance(id)
	if i.State.Name != types.InstanceStateNameRunning || i.StateReason != nil || *i.StateTransitionReason != "" {
		w.t.Fatalf("state %s %v", i.State.Name, i.StateReason)
	}
	volume := i.BlockDeviceMappings[0].Ebs.VolumeId
	out, err := w.ec2.DescribeVolumes(as(account), &sdk.DescribeVolumesInput{VolumeIds: []string{*volume}})
	must(w.t, err)
	v := out.Volumes[0]
	if *v.Encrypted != (key != "") || key != "" && *v.KmsKeyId != keys+key {
		w.t.Errorf("volume is encrypted %v under %v, want %q", *v.Encrypted, v.KmsKeyId, key)
	}
	for _, u := range w.uses {
		if u.EncryptionContext["aws:ebs:id"] != *volume || u.ViaService != "ec2.eu-west-1.amazonaws.com" || u.ForAWSResource != (u.Grantee != "") {
			w.t.Errorf("KMS was asked with %+v", u)
		}
	}
}

// TestRefusedKey holds each refusal to what was captured of AWS.
func TestRefusedKey(t *testing.T) {
	t.Parallel()
	const invalid = "Client.InvalidKMSKey.InvalidState"
	const text = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
	for name, tc := range map[string]struct {
		source, denied, key string
		old, runs           bool
		code, text          string
	}{
		"data key":                    {denied: "GenerateDataKeyWithoutPlaintext K", code: invalid, text: text},
		"grant":                       {denied: "CreateGrant K", code: invalid, text: text},
		"old text":                    {denied: "CreateGrant K", old: true, code: "Client.InternalError", text: "Client.InternalError: Client error on launch"},
		"Decrypt, plain source":       {denied: "Decrypt K", runs: true},
		"no such key":                 {denied: "GenerateDataKeyWithoutPlaintext alias/nowhere", key: "alias/nowhere", code: invalid, text: text},
		"source's ReEncryptFrom":      {source: "S", denied: "ReEncryptFrom S", code: invalid, text: text},
		"source's Decrypt":            {source: "S", denied: "Decrypt S", code: invalid, text: text},
		"source's grant":              {source: "S", denied: "CreateGrant S", code: invalid, text: text},
		"target's ReEncryptTo":        {source: "S", denied: "ReEncryptTo K", code: invalid, text: text},
		"target's grant after source": {source: "S", denied: "CreateGrant K", code: invalid, text: text},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			image := w.image(w.snapshot(tc.source))
			w.denied = []string{tc.denied}
			w.ec2.SetSwitches(ec2.Switches{OldFailureText: tc.old})
			key := tc.key
			if key == "" {
				key = "K"
			}
			id, err := w.run(w.template("web", image, root(ebs{Encrypted: new(true), KmsKeyId: &key})))
			must(t, err)
			w.clock.Advance(8 * time.Second)
			if got := w.instance(id).State.Name; got != types.InstanceStateNamePending && !tc.runs {
				t.Fatalf("after 8 s %s, want pending", got)
			}
			w.clock.Advance(2 * time.Second)
			i := w.instance(id)
			if tc.runs {
				if i.State.Name != types.InstanceStateNameRunning {
					t.Errorf("%s, want running", i.State.Name)
				}
				return
			}
			if last := w.asked[len(w.asked)-1]; last != tc.denied {
				t.Errorf("went on to %s after the refusal", last)
			}
			if i.State.Name != types.InstanceStateNameTerminated || *i.StateReason.Code != tc.code || *i.StateReason.Message != tc.text || *i.StateTransitionReason != "Client.InternalError" {
				t.Errorf("%s, %s, %s, %s", i.State.Name, *i.StateReason.Code, *i.StateReason.Message, *i.StateTransitionReason)
			}
			if len(i.BlockDeviceMappings) != 0 {
				t.Errorf("has volumes %v", i.BlockDeviceMappings)
			}
			w.wantStates("pending", "shutting-down", "terminated")
		})
	}
}

// wantStates holds the events to a sequence of states.
func (w *world) wantStates(states ...string) {
	w.t.Helper()
	if len(w.events) != len(states) {
		w.t.Fatalf("%d events, want %v", len(w.events), states)
	}
	for i, e := range w.events {
		if e.Source != "aws.ec2" || e.DetailType != "EC2 Instance State-change Notification" {
			w.t.Errorf("event %s %s", e.Source, e.DetailType)
		}
		id := e.Resources[0][len("arn:aws:ec2:eu-west-1:111122223333:instance/"):]
		if diff := cmp.Diff(map[string]any{"instance-id": id, "state": states[i]}, object(w.t, e.Detail)); diff != "" {
			w.t.Errorf("detail (-want +got):\n%s", diff)
		}
	}
}

// TestDevices holds the merge of the image's and the template's mappings.
func TestDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	snapshot := w.snapshot("S")
	image := w.image(snapshot)
	second := types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new("/dev/sdb"), Ebs: &ebs{Encrypted: new(true), KmsKeyId: new("K"), VolumeSize: new(int32(1))}}
	for name, tc := range map[string]struct {
		mappings []types.LaunchTemplateBlockDeviceMappingRequest
		want     []string
	}{
		"another name adds a volume":      {[]types.LaunchTemplateBlockDeviceMappingRequest{second}, append(own("S"), fromPlain("K")...)},
		"NoDevice drops one, even empty":  {[]types.LaunchTemplateBlockDeviceMappingRequest{{DeviceName: new("/dev/xvda"), NoDevice: new("")}}, nil},
		"an instance store has no key":    {[]types.LaunchTemplateBlockDeviceMappingRequest{{DeviceName: new("/dev/xvda"), VirtualName: new("ephemeral0")}}, nil},
		"a snapshot of the template's":    {[]types.LaunchTemplateBlockDeviceMappingRequest{root(ebs{SnapshotId: new(w.snapshot("T"))})}, own("T")},
		"an unencrypted one over the key": {[]types.LaunchTemplateBlockDeviceMappingRequest{root(ebs{SnapshotId: new(w.snapshot(""))})}, nil},
	} {
		w.asked = nil
		_, err := w.run(w.template(name, image, tc.mappings...))
		must(t, err)
		w.clock.Advance(5 * time.Second)
		if diff := cmp.Diff(tc.want, w.asked); diff != "" {
			t.Errorf("%s: asked of KMS (-want +got):\n%s", name, diff)
		}
	}
}

// TestRefusedLaunch holds what RunInstances refuses at once.
func TestRefusedLaunch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	image := w.image(w.snapshot(""))
	_, err := w.run(w.template("key without Encrypted", image, root(ebs{KmsKeyId: new("K")})))
	wantError(t, err, "InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	_, err = w.run(w.template("no image", "ami-0000000000000000a"))
	wantError(t, err, "InvalidAMIID.NotFound", "The image id '[ami-0000000000000000a]' does not exist")
	_, err = w.run(w.template("no snapshot", image, root(ebs{SnapshotId: new("snap-0000000000000000a")})))
	wantError(t, err, "InvalidSnapshot.NotFound", "The snapshot 'snap-0000000000000000a' does not exist.")

	w.denied = []string{"GenerateDataKeyWithoutPlaintext K"}
	id := w.template("dry", image, root(ebs{Encrypted: new(true), KmsKeyId: new("K")}))
	_, err = w.ec2.RunInstances(as(account), &sdk.RunInstancesInput{
		MinCount: new(int32(1)), MaxCount: new(int32(1)), DryRun: new(true), LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateId: &id},
	})
	wantError(t, err, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
	if w.asked != nil {
		t.Errorf("a dry run asked KMS: %v", w.asked)
	}
}

// TestNoCapacity holds the switch and AWS's text.
func TestNoCapacity(t *testing.T) {
	t.Parallel()
	const text = "We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1a). Our system will be working on provisioning additional capacity."
	const elsewhere = text + " You can currently get m5.large capacity by not specifying an Availability Zone in your request or choosing eu-west-1b, eu-west-1c."
	w := newWorld(t)
	lt := w.template("web", w.image(w.snapshot("")))
	in := &sdk.RunInstancesInput{
		MinCount: new(int32(1)), MaxCount: new(int32(1)), LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateId: &lt},
		Placement: &types.Placement{AvailabilityZone: new("eu-west-1a")},
	}
	for full, want := range map[string]string{"m5.large": text, "eu-west-1a": elsewhere, "m5.large eu-west-1a": elsewhere} {
		w.ec2.SetSwitches(ec2.Switches{NoCapacity: []string{full}})
		_, err := w.ec2.RunInstances(as(account), in)
		wantError(t, err, "InsufficientInstanceCapacity", want)
	}
	w.ec2.SetSwitches(ec2.Switches{NoCapacity: []string{"eu-west-1a", "m5.large eu-west-1b"}})
	id, err := w.run(lt)
	must(t, err)
	if got := *w.instance(id).Placement.AvailabilityZone; got != "eu-west-1c" {
		t.Errorf("launched in %s, want the zone with capacity", got)
	}
}

// TestTerminate deletes the volumes that go with the instance.
func TestTerminate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kept := types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new("/dev/sdb"), Ebs: &ebs{VolumeSize: new(int32(1)), DeleteOnTermination: new(false)}}
	id, err := w.run(w.template("web", w.image(w.snapshot("")), kept))
	must(t, err)
	w.clock.Advance(5 * time.Second)
	out, err := w.ec2.TerminateInstances(as(account), &sdk.TerminateInstancesInput{InstanceIds: []string{id}})
	must(t, err)
	if c := out.TerminatingInstances[0]; c.PreviousState.Name != "running" || c.CurrentState.Name != "shutting-down" {
		t.Errorf("%s to %s", c.PreviousState.Name, c.CurrentState.Name)
	}
	w.clock.Advance(time.Second)
	w.wantStates("pending", "running", "shutting-down", "terminated")
	volumes, err := w.ec2.DescribeVolumes(as(account), &sdk.DescribeVolumesInput{})
	must(t, err)
	if n := len(volumes.Volumes); n != 2 { // the snapshot's own, and the kept one
		t.Errorf("%d volumes left, want 2", n)
	}
	if v := volumes.Volumes[1]; v.State != types.VolumeStateAvailable || len(v.Attachments) != 0 {
		t.Errorf("kept volume is %s, attached %v", v.State, v.Attachments)
	}
	_, err = w.ec2.TerminateInstances(as(account), &sdk.TerminateInstancesInput{InstanceIds: []string{"i-0000000000000000a"}})
	wantError(t, err, "InvalidInstanceID.NotFound", "The instance ID 'i-0000000000000000a' does not exist")
}
