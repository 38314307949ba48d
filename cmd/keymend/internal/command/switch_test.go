package command_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keymend/cmd/keymend/internal/command"
)

// asked runs the program with a person in front of it, who types.
func (w *world) asked(typed string, args ...string) said {
	w.t.Helper()
	var out, errs bytes.Buffer
	code := command.Run(args, command.Surroundings{
		Version: "test", In: strings.NewReader(typed), Out: &out, Err: &errs, Getenv: os.Getenv, Asks: true,
	})
	return said{code, out.String(), errs.String()}
}

// as gives the person a role that may do everything but one action.
func (w *world) as(not string) {
	w.t.Helper()
	name, trust := "engineer", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}}`
	may := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"` + not + `","Resource":"*"}}`
	roles := iam.NewFromConfig(w.cfg)
	_, err := roles.CreateRole(w.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	must(w.t, err)
	_, err = roles.PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &name, PolicyDocument: &may})
	must(w.t, err)
	session, err := sts.NewFromConfig(w.cfg).AssumeRole(w.t.Context(), &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::111122223333:role/engineer"), RoleSessionName: new("night")})
	must(w.t, err)
	w.t.Setenv("AWS_ACCESS_KEY_ID", *session.Credentials.AccessKeyId)
	w.t.Setenv("AWS_SECRET_ACCESS_KEY", *session.Credentials.SecretAccessKey)
	w.t.Setenv("AWS_SESSION_TOKEN", *session.Credentials.SessionToken)
}

func (w *world) turn(value string) {
	w.t.Helper()
	over := true
	_, err := ssm.NewFromConfig(w.cfg).PutParameter(w.t.Context(), &ssm.PutParameterInput{Name: new("/keymend/switch"), Value: &value, Type: types.ParameterTypeString, Overwrite: &over})
	must(w.t, err)
}

// TestSwitchOfTheAccount: the switch of a Keymend that is deployed in the account
// stops a person's writes too, though nothing in the environment names it.
func TestSwitchOfTheAccount(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	before, log := w.policy("alias/platform-ebs"), filepath.Join(w.dir, "audit.jsonl")
	apply := []string{"diagnose", "web-prod", "--apply", "--audit-file", log}
	w.turn("off")
	w.run("", apply...).want(t, 4, "Parameter /keymend/switch is \"off\"", "")
	w.asked("y\n", apply...).want(t, 4, "refused ", "")
	if w.policy("alias/platform-ebs") != before {
		t.Error("the policy changed")
	}
	w.turn("on")
	w.run("", apply...).want(t, 0, "the change stands", "")
}

// TestSwitchNotReadable: a person who may not read the switch is asked. Where
// nobody can be asked, nothing is written.
func TestSwitchNotReadable(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	w.as("ssm:GetParameter")
	before, log := w.policy("alias/platform-ebs"), filepath.Join(w.dir, "audit.jsonl")
	apply := []string{"diagnose", "web-prod", "--apply", "--audit-file", log}
	w.run("", "diagnose", "web-prod").want(t, 3, "keymend diagnose web-prod --apply", "")
	w.run("y\n", apply...).want(t, 4, "To write all the", "")
	w.asked("y\n", append(apply, "--yes")...).want(t, 4, "To write all the", "")
	for _, no := range []string{"", "\n", "n\n", "yeah\n"} {
		w.asked(no, apply...).want(t, 4, "refused ", "account 111122223333, eu-west-1, may say off")
	}
	if w.policy("alias/platform-ebs") != before {
		t.Error("the policy changed")
	}
	if s := w.asked("y\ny\n", apply...).want(t, 0, "the change stands", "Write all the same? [y/N]"); strings.Count(s.err, "[y/N]") != 2 {
		t.Errorf("asked more than once:\n%s", s.err)
	}
}

// TestBadModeWritesNothing: whatever the mode of the functions is, a person may
// apply; but not where it isn't known what the setting means.
func TestBadModeWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	before, log := w.policy("alias/platform-ebs"), filepath.Join(w.dir, "audit.jsonl")
	apply := []string{"diagnose", "web-prod", "--apply", "--audit-file", log}
	t.Setenv("KEYMEND_MODE", "nope")
	w.run("", apply...).want(t, 2, "", `KEYMEND_MODE is "nope"`)
	if w.policy("alias/platform-ebs") != before {
		t.Error("the policy changed")
	}
	t.Setenv("KEYMEND_MODE", "observe")
	w.run("", apply...).want(t, 0, "the change stands", "")
}
