package ec2_test

import (
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/ec2"
)

// TestInstancesDecryptAsTheirOwnRole: a Deny that spares whoever launches, but not the
// instance's role, ends the launch as one without access to the key does.
func TestInstancesDecryptAsTheirOwnRole(t *testing.T) {
	t.Parallel()
	const (
		launcher = "arn:aws:iam::" + account + ":user/admin"
		instance = "arn:aws:iam::" + account + ":role/aws:ec2-infrastructure"
	)
	deny := func(action, condition string) string {
		return `{"Effect":"Deny","Principal":"*","Action":"` + action + `","Resource":"*","Condition":{` + condition + `}}`
	}
	spares := `"ArnNotLike":{"aws:PrincipalArn":["` + launcher + `"]}`
	for name, tc := range map[string]struct {
		deny      string
		runs, via bool // with kms:ViaService absent, present
	}{
		"no Deny":                   {`{"Effect":"Deny","Principal":"*","Action":"kms:Sign","Resource":"*"}`, true, true},
		"ArnNotLike":                {deny("kms:Decrypt", spares), false, false},
		"ArnNotLike, of the grant":  {deny("kms:CreateGrant", spares), true, true},
		"ArnNotLike, with the role": {deny("kms:Decrypt", `"ArnNotLike":{"aws:PrincipalArn":["`+launcher+`","`+instance+`"]}`), true, true},
		"NotPrincipal":              {`{"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::` + account + `:root","` + launcher + `"]},"Action":"kms:Decrypt","Resource":"*"}`, false, false},
		"kms:ViaService":            {deny("kms:Decrypt", `"StringNotEquals":{"kms:ViaService":"ec2.`+region+`.amazonaws.com"}`), false, true},
		"aws:SourceVpc":             {deny("kms:Decrypt", `"StringNotEquals":{"aws:SourceVpc":"vpc-1"},`+spares), false, false},
	} {
		for _, via := range []bool{false, true} {
			w, k := newRealWorld(t)
			w.ec2.SetSwitches(ec2.Switches{InstanceViaService: via})
			root := `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}`
			made, err := k.CreateKey(in(account, region), &awskms.CreateKeyInput{Policy: new(`{"Version":"2012-10-17","Statement":[` + root + `,` + tc.deny + `]}`)})
			must(t, err)
			out, err := w.ec2.RunInstances(as(account), &sdk.RunInstancesInput{
				MinCount: new(int32(1)), MaxCount: new(int32(1)), ImageId: new(w.image(w.snapshot(""))),
				BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &types.EbsBlockDevice{Encrypted: new(true), KmsKeyId: made.KeyMetadata.Arn}}},
			})
			must(t, err)
			w.clock.Advance(10 * time.Second)
			i := w.instance(*out.Instances[0].InstanceId)
			want := tc.runs
			if via {
				want = tc.via
			}
			if running := i.State.Name == types.InstanceStateNameRunning; running != want {
				t.Errorf("%s, kms:ViaService %v: %s", name, via, i.State.Name)
			}
			if !want && *i.StateReason.Code != "Client.InvalidKMSKey.InvalidState" {
				t.Errorf("%s: %s", name, *i.StateReason.Code)
			}
		}
	}
}

// TestInstancesDecryptUnderTheGrant: once for each grant, also at a start.
func TestInstancesDecryptUnderTheGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, err := w.run(w.template("web", w.image(w.snapshot("S")), root(ebs{Encrypted: new(true), KmsKeyId: new("K")})))
	must(t, err)
	w.clock.Advance(10 * time.Second)
	if diff := cmp.Diff([]string{"Decrypt by the instance S", "Decrypt by the instance K"}, w.decrypted); diff != "" {
		t.Error(diff)
	}
	if c := w.instances[0]; c.ARN != "arn:aws:sts::"+account+":assumed-role/aws:ec2-infrastructure/"+id || c.Session != id {
		t.Errorf("%+v", c)
	}
	w.ec2.Stop(account, region, id)
	w.clock.Advance(10 * time.Second)
	w.denied = []string{"Decrypt by the instance K"}
	_, err = w.ec2.StartInstances(as(account), &sdk.StartInstancesInput{InstanceIds: []string{id}})
	must(t, err)
	w.clock.Advance(10 * time.Second)
	if got := w.instance(id).State.Name; got != types.InstanceStateNameStopped {
		t.Errorf("started without the key: %s", got)
	}
}

// TestAnotherAccountsSnapshotUnderTheNamedKey: whether its volume is encrypted anew
// isn't known.
func TestAnotherAccountsSnapshotUnderTheNamedKey(t *testing.T) {
	t.Parallel()
	for anew, want := range map[bool][]string{true: across("S", "S"), false: own("S")} {
		w := newWorld(t)
		w.ec2.SetSwitches(ec2.Switches{SameKeyAnew: anew})
		image := w.image(w.snapshot("S"))
		w.share(image, other)
		w.asked = nil
		_, err := w.ec2.RunInstances(as(other), &sdk.RunInstancesInput{MinCount: new(int32(1)), MaxCount: new(int32(1)), ImageId: &image,
			BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &types.EbsBlockDevice{Encrypted: new(true), KmsKeyId: new(keys + "S")}}}})
		must(t, err)
		w.clock.Advance(10 * time.Second)
		if diff := cmp.Diff(want, w.asked); diff != "" {
			t.Errorf("anew %v: %s", anew, diff)
		}
	}
}
