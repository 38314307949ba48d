package command

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/infra/template"
	"keymend/pkg/sandbox"
)

type sandboxed struct {
	Listen    string  `help:"Address to serve at; port 0 is any free one." default:"127.0.0.1:8470" placeholder:"HOST:PORT"`
	Speed     float64 `help:"Simulated seconds per real second; 0 stands still until /_keymend/clock moves it." default:"1" placeholder:"N"`
	Empty     bool    `help:"Begin with nothing in it." xor:"begin"`
	Scenario  string  `help:"Begin with a scenario, of those above; own-key is the default." xor:"begin" placeholder:"NAME"`
	Functions string  `help:"Deploy Keymend's built functions (DIR/diagnose/bootstrap, DIR/remediate/bootstrap) into account 111122223333, eu-west-1." type:"existingdir" placeholder:"DIR"`
}

func (sandboxed) about() about {
	return about{
		says: "One endpoint for all services. An access key id of 12 digits is the administrator of that account, with any secret: " +
			"AWS_ACCESS_KEY_ID=111122223333 AWS_SECRET_ACCESS_KEY=any AWS_REGION=eu-west-1 AWS_ENDPOINT_URL=http://HOST:PORT. " +
			"docs/sandbox.md says what is in it, and how to control it under /_keymend/.\n\nScenarios:\n\n" + scenarios(),
		examples: []string{"keymend sandbox", "keymend sandbox --scenario not-enrolled --listen 127.0.0.1:0"},
		ends:     done("it was interrupted"),
	}
}

// scenarios lists the scenarios, a line each. The parser keeps lines that are indented.
func scenarios() string {
	var list strings.Builder
	for _, s := range scenario.All() {
		fmt.Fprintf(&list, "  %-18s %s\n", s.Name, s.Says)
	}
	return list.String()
}

// Run serves the sandbox until it is interrupted.
func (c sandboxed) Run(ctx context.Context, p *program) error {
	if err := c.check(); err != nil {
		return err
	}
	box, err := sandbox.New(sandbox.Options{Switches: sandbox.DefaultSwitches()})
	if err != nil {
		return fmt.Errorf("start sandbox: %w", err)
	}
	defer func() { _ = box.Close() }() // the process ends
	url, err := box.Listen(c.Listen)
	if err != nil {
		return misused("start sandbox: %w; give another --listen", err)
	}
	if err := c.fill(ctx, box, url); err != nil {
		return err
	}
	if err := c.ready(ctx, p, url); err != nil {
		return err
	}
	box.Run(ctx, c.Speed)
	return nil
}

// ready writes the line that scripts wait for.
func (c sandboxed) ready(ctx context.Context, p *program, url string) error {
	if p.json() {
		return c.readyFor(ctx, p, url)
	}
	if err := c.welcome(ctx, p, url); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(p.Out, "keymend sandbox ready "+url); err != nil {
		return fmt.Errorf("write ready line: %w", err)
	}
	return nil
}

// fastest is a month in two seconds or so.
const fastest = 1e6

func (c sandboxed) check() error {
	switch {
	case !(c.Speed >= 0 && c.Speed <= fastest): // NaN is neither
		return misused("--speed %g: give a number from 0 to %g", c.Speed, float64(fastest))
	case c.Scenario != "":
		if _, err := scenario.Find(c.Scenario); err != nil {
			return misused("%w", err)
		}
	}
	return nil
}

// begins returns the scenario that the sandbox begins with; one of nothing where it is to
// be empty.
func (c sandboxed) begins() scenario.Scenario {
	if c.Empty {
		return scenario.Scenario{}
	}
	s, _ := scenario.Find(cmp.Or(c.Scenario, scenario.Names()[0])) // check refused one that isn't there
	return s
}

// fill deploys the functions before it seeds, so that they hear of the first
// failure. Without them the first launches fail before anybody looks.
func (c sandboxed) fill(ctx context.Context, box *sandbox.Sandbox, url string) error {
	begins := c.begins()
	if c.Functions != "" {
		if err := c.deploy(box, begins); err != nil {
			return err
		}
	}
	if c.Empty {
		return nil
	}
	if err := scenario.Seed(ctx, begins.Name, url, box.Advance); err != nil {
		return err
	}
	if c.Functions == "" {
		box.Advance(time.Minute)
	}
	return nil
}

// deploy deploys the functions, and their roles in the other account where that has a
// part in it.
func (c sandboxed) deploy(box *sandbox.Sandbox, begins scenario.Scenario) error {
	functions, err := binaries(c.Functions)
	if err != nil {
		return err
	}
	if _, err := box.ListenFunctions("127.0.0.1:0"); err != nil {
		return fmt.Errorf("start sandbox: %w", err)
	}
	if begins.Two {
		if err := box.Deploy(template.Account(), scenario.Owner, scenario.Region, map[string]string{"RolesOnly": "yes", "GroupAccounts": scenario.Account}, nil); err != nil {
			return fmt.Errorf("deploy the roles: %w", err)
		}
	}
	if err := box.Deploy(template.Account(), scenario.Account, scenario.Region, begins.Functions, functions); err != nil {
		return fmt.Errorf("deploy functions from %s: %w", c.Functions, err)
	}
	return nil
}

// binaries are the built functions by their names in the template.
func binaries(dir string) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range []string{"diagnose", "remediate"} {
		path := filepath.Join(dir, name, "bootstrap")
		if _, err := os.Stat(path); err != nil {
			return nil, misused("find the built functions: %w; make build builds them into build", err)
		}
		out["keymend-"+name] = path
	}
	return out, nil
}
