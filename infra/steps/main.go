// Command steps prints what a target of the Makefile runs for an organization, a command
// a line, from the settings in cdk.json:
//
//	steps check-organization | bootstrap-hub | deploy-hub | deploy-organization | organization
//
// Each command may be run again: what stands already isn't made anew, so that a second
// run finishes what a first left half done.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"keymend/infra/cdkcontext"
	"keymend/pkg/quote"
)

func main() {
	steps, err := read(os.Args[1:], os.Getenv, os.ReadFile)
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintln(os.Stderr, "keymend:", line)
		}
		fmt.Fprintln(os.Stderr, "keymend: nothing was run")
		os.Exit(1)
	}
	fmt.Println(strings.Join(steps, "\n"))
}

func read(args []string, getenv func(string) string, readFile func(string) ([]byte, error)) ([]string, error) {
	context, err := cdkcontext.Read(getenv, readFile)
	if err != nil {
		return nil, err
	}
	text, err := cdkcontext.Validate(context, cdkcontext.Stack{})
	if err != nil {
		return nil, err
	}
	of := cdkcontext.NewOrganization(text)
	if of == nil {
		return nil, fmt.Errorf("cdk.json has no organization: docs/deploy.md lists what to set")
	}
	m := maker{
		Organization: *of, cdk: getenv("CDK"), flags: getenv("CDKFLAGS"), hubProfile: getenv("HUB_PROFILE"), adminProfile: getenv("ADMIN_PROFILE"),
		region: getenv("REGION"), wave: getenv("WAVE"),
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	target := strings.Join(args, " ")
	steps, ok := map[string][]string{
		"check-organization":  {m.keymend("check-organization")},
		"bootstrap-hub":       m.bootstrap(),
		"deploy-hub":          m.hub(),
		"deploy-organization": m.members(),
		"organization":        slices.Concat([]string{m.before("deploy-hub")}, m.bootstrap(), m.hub()[1:], m.members()),
	}[target]
	if !ok {
		return nil, fmt.Errorf("%q is no target for an organization", target)
	}
	return steps, nil
}

// A maker makes commands for an organization.
type maker struct {
	cdkcontext.Organization
	cdk, flags               string // the CDK's CLI, and what whoever runs make adds to each call
	hubProfile, adminProfile string // of the shared AWS config; "" = the credentials come from elsewhere
	region, wave             string // "" = all
}

func (m maker) check() error {
	waves := []string{""}
	for _, w := range m.Waves {
		waves = append(waves, w.Label())
	}
	switch {
	case (m.hubProfile == "") != (m.adminProfile == ""):
		return fmt.Errorf("name both HUB_PROFILE and ADMIN_PROFILE; or neither, where the credentials are of one account that is both")
	case m.region != "" && !slices.Contains(m.HubRegions, m.region):
		return fmt.Errorf("REGION=%s has no hub stack by keymend:hubRegions: %s", m.region, strings.Join(m.HubRegions, ", "))
	case !slices.Contains(waves, m.wave):
		return fmt.Errorf("WAVE=%s isn't there, or has no units: there is %s", m.wave, strings.Join(waves[1:], ", "))
	}
	return nil
}

// with has a command act with a profile's credentials.
func with(profile string, words ...string) string {
	if profile != "" {
		words = append(words, "--profile="+profile)
	}
	return quote.Command(words...)
}

// keymend reads with the credentials of both accounts.
func (m maker) keymend(words ...string) string {
	if m.hubProfile != m.adminProfile {
		words = append(words, "--hub-profile="+m.hubProfile)
	}
	return with(m.adminProfile, append([]string{"build/keymend"}, words...)...)
}

// before stops what follows where something is in its way.
func (m maker) before(target string) string {
	return m.keymend("check-organization", "--before="+target)
}

func (m maker) run(profile string, words ...string) string {
	return strings.TrimSpace(with(profile, append([]string{m.cdk}, words...)...) + " " + m.flags)
}

// bootstrap makes the CDK's bucket in the hub. The other stacks have no assets, and need
// none.
func (m maker) bootstrap() []string {
	words := []string{"bootstrap"}
	for _, region := range m.HubRegions {
		words = append(words, "aws://"+m.Hub+"/"+region)
	}
	return []string{m.run(m.hubProfile, words...)}
}

// hub: the functions take their roles when they are made, and members' rules ask the
// bus's policy.
func (m maker) hub() []string {
	stacks := []string{"deploy"}
	for _, region := range m.HubRegions {
		if m.region == "" || region == m.region {
			stacks = append(stacks, "keymend-hub-"+region)
		}
	}
	return []string{
		m.before("deploy-hub"),
		m.run(m.hubProfile, "deploy", "keymend-hub-roles", "--no-previous-parameters"),
		m.run(m.hubProfile, append(stacks, "--no-previous-parameters")...),
	}
}

// members: sweeps ask which accounts there are. The main wave waits until nothing is missing in the canary, also where that was
// deployed before.
func (m maker) members() []string {
	out := []string{m.before("deploy-organization"), m.run(m.adminProfile, "deploy", "keymend-lister", "--no-previous-parameters")}
	for _, w := range m.Waves {
		if m.wave == "canary" && w.Label() != m.wave {
			continue
		}
		if m.wave == "" || m.wave == w.Label() {
			stack := strings.TrimSuffix("keymend-organization-"+w.Name, "-")
			out = append(out, m.run(m.adminProfile, "deploy", stack, "--no-previous-parameters"))
		}
		for _, unit := range w.Units {
			out = append(out, m.keymend("coverage", "--unit="+unit))
		}
	}
	return out
}
