package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// context is the shipped one, with an organization.
func context(t *testing.T, others map[string]string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	var project struct{ Context map[string]any }
	if err := json.Unmarshal(text, &project); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{
		"organizationId": "o-a1b2c3d4e5", "hubAccount": "999900001111", "managementAccount": "000011112222", "regions": "eu-west-1,us-east-1",
		"hubRegions": "eu-west-1,us-east-1", "units": "ou-a1b2-22222222,ou-a1b2-33333333", "canaryUnits": "ou-a1b2-11111111",
	} {
		project.Context["keymend:"+key] = value
	}
	for key, value := range others {
		project.Context["keymend:"+key] = value
	}
	if text, err = json.Marshal(project.Context); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const (
	profiles = " --hub-profile=hub --profile=admin"
	roles    = "cdk deploy keymend-hub-roles --no-previous-parameters --profile=hub"
	hubs     = "cdk deploy keymend-hub-eu-west-1 keymend-hub-us-east-1 --no-previous-parameters --profile=hub"
	buckets  = "cdk bootstrap aws://999900001111/eu-west-1 aws://999900001111/us-east-1 --profile=hub"
	canary   = "cdk deploy keymend-organization-canary --no-previous-parameters --profile=admin"
	main_    = "cdk deploy keymend-organization --no-previous-parameters --profile=admin"
	noHoles  = "build/keymend coverage --unit=ou-a1b2-11111111" + profiles
	first    = "build/keymend check-organization --before=deploy-hub" + profiles
	then     = "build/keymend check-organization --before=deploy-organization" + profiles + "\ncdk deploy keymend-lister --no-previous-parameters --profile=admin"
	atLast   = "build/keymend coverage --unit=ou-a1b2-22222222" + profiles + "\nbuild/keymend coverage --unit=ou-a1b2-33333333" + profiles
)

func TestSteps(t *testing.T) {
	t.Parallel()
	two := map[string]string{"HUB_PROFILE": "hub", "ADMIN_PROFILE": "admin", "CDK": "cdk"}
	and := func(pairs ...string) map[string]string {
		out := map[string]string{}
		for key, value := range two {
			out[key] = value
		}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = pairs[i+1]
		}
		return out
	}
	lines := func(all ...string) string { return strings.Join(all, "\n") }
	for name, tc := range map[string]struct {
		target   string
		env, set map[string]string
		want     string // or what the error has
	}{
		"check":                    {"check-organization", two, nil, "build/keymend check-organization" + profiles},
		"one account":              {"check-organization", map[string]string{}, nil, "build/keymend check-organization"},
		"one profile":              {"check-organization", and("HUB_PROFILE", "admin"), nil, "build/keymend check-organization --profile=admin"},
		"a profile of spaces":      {"check-organization", map[string]string{"ADMIN_PROFILE": "a b", "HUB_PROFILE": "a b"}, nil, "build/keymend check-organization '--profile=a b'"},
		"bootstrap":                {"bootstrap-hub", two, nil, buckets},
		"the hub":                  {"deploy-hub", two, nil, lines(first, roles, hubs)},
		"one Region":               {"deploy-hub", and("REGION", "us-east-1"), nil, lines(first, roles, "cdk deploy keymend-hub-us-east-1 --no-previous-parameters --profile=hub")},
		"with flags":               {"bootstrap-hub", and("CDKFLAGS", "--require-approval never"), nil, buckets + " --require-approval never"},
		"members":                  {"deploy-organization", two, nil, lines(then, canary, noHoles, main_, atLast)},
		"the canary":               {"deploy-organization", and("WAVE", "canary"), nil, lines(then, canary, noHoles)},
		"the rest":                 {"deploy-organization", and("WAVE", "main"), nil, lines(then, noHoles, main_, atLast)},
		"without a canary":         {"deploy-organization", two, map[string]string{"canaryUnits": ""}, lines(then, main_, atLast)},
		"all":                      {"organization", two, nil, lines(first, buckets, roles, hubs, then, canary, noHoles, main_, atLast)},
		"one of two profiles":      {"deploy-hub", map[string]string{"ADMIN_PROFILE": "admin"}, nil, "name both HUB_PROFILE and ADMIN_PROFILE; or neither"},
		"no such Region":           {"deploy-hub", and("REGION", "eu-central-1"), nil, "REGION=eu-central-1 has no hub stack by keymend:hubRegions: eu-west-1, us-east-1"},
		"no such wave":             {"deploy-organization", and("WAVE", "second"), nil, "WAVE=second isn't there, or has no units: there is canary, main"},
		"no canary":                {"deploy-organization", and("WAVE", "canary"), map[string]string{"canaryUnits": ""}, "WAVE=canary isn't there"},
		"no such target":           {"everything", two, nil, `"everything" is no target`},
		"settings that are wrong":  {"organization", two, map[string]string{"regions": "eu-west-1", "hubRegions": ""}, "keymend:regions lack us-east-1"},
		"settings that aren't set": {"organization", two, map[string]string{"organizationId": "", "hubAccount": "", "managementAccount": "", "regions": "", "hubRegions": "", "units": "", "canaryUnits": ""}, "cdk.json has no organization"},
	} {
		env := map[string]string{"CDK_CONTEXT_JSON": context(t, tc.set)}
		for key, value := range tc.env {
			env[key] = value
		}
		steps, err := read([]string{tc.target}, func(name string) string { return env[name] }, os.ReadFile)
		got := lines(steps...)
		if err != nil {
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The Makefile prints the commands, and runs none of them.
func TestMakePrintsWhatItWouldRun(t *testing.T) {
	t.Parallel()
	run := func(args ...string) (string, error) {
		c := exec.Command("make", append([]string{"--no-print-directory", "-C", filepath.Join("..", "..")}, args...)...)
		c.Env = append(os.Environ(), "CDK_CONTEXT_JSON="+context(t, nil), "MAKEFLAGS=", "CDKFLAGS=")
		out, err := c.CombinedOutput()
		return string(out), err
	}
	for target, want := range map[string]string{
		"organization": strings.Join([]string{first, buckets, roles, hubs, then, canary, noHoles, main_, atLast, ""}, "\n"), "check-organization": "build/keymend check-organization" + profiles + "\n",
		"deploy-hub": strings.Join([]string{first, roles, hubs, ""}, "\n"), "bootstrap-hub": buckets + "\n",
		"deploy-organization": strings.Join([]string{then, canary, noHoles, main_, atLast, ""}, "\n"),
	} {
		got, err := run(target, "DRY_RUN=1", "HUB_PROFILE=hub", "ADMIN_PROFILE=admin")
		if err != nil {
			t.Fatalf("%s: %v\n%s", target, err, got)
		}
		if diff := cmp.Diff(want, strings.ReplaceAll(got, ".tools/cdk/node_modules/.bin/cdk", "cdk")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
	if got, err := run("deploy-organization", "DRY_RUN=1", "WAVE=third"); err == nil || !strings.Contains(got, "keymend: WAVE=third isn't there") {
		t.Errorf("%v\n%s", err, got)
	}
}
