package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/quote"
)

// welcome says what is in the sandbox, how a shell gets there, and what to try. It
// goes to standard error: scripts read standard output, and wait for its one line.
func (c sandboxed) welcome(ctx context.Context, p *program, url string) error {
	page := screen.New(p.Err, p.coloured(p.Err))
	begins := c.begins()
	if !c.Empty {
		page.Row(screen.Bold, "scenario", begins.Name+": "+begins.Says)
	}
	if err := contents(ctx, page, url, scenario.Account, "in it"); err != nil {
		return err
	}
	if begins.Two {
		if err := contents(ctx, page, url, scenario.Owner, "other"); err != nil {
			return err
		}
	}
	if c.Functions != "" {
		page.Row(screen.Bold, "functions", "keymend-diagnose and keymend-remediate, as deployed by default")
	}
	page.Row(screen.Bold, "time", fmt.Sprintf("simulated, at speed %g; %s/_keymend/clock moves it", c.Speed, url))
	page.Blank()
	page.Text(screen.Plain, "To go there, paste into another shell:")
	page.Blank()
	first := quote.Command(append([]string{"keymend"}, begins.Try...)...)
	if c.Empty {
		first = "aws kms create-key"
	}
	for _, line := range append(exports(url), first) {
		page.Text(screen.Plain, line)
	}
	page.Blank()
	if begins.Two {
		page.Text(screen.Plain, "To go on as the other account's administrator:")
		page.Blank()
		page.Text(screen.Plain, "export AWS_ACCESS_KEY_ID="+scenario.Owner)
		page.Blank()
	}
	return page.Flush()
}

// contents says what an account has.
func contents(ctx context.Context, page *screen.Page, url, account, label string) error {
	in, err := scenario.Look(ctx, url, account)
	if err != nil {
		return fmt.Errorf("look into the sandbox: %w", err)
	}
	page.Row(screen.Bold, label, "account "+account+", Region "+scenario.Region)
	if account == scenario.Account {
		page.Row(screen.Bold, "groups", some(in.Groups)...)
	}
	page.Row(screen.Bold, "keys", some(in.Keys)...)
	return nil
}

// readyFor is the ready line for programs, with what the welcome tells people.
func (c sandboxed) readyFor(ctx context.Context, p *program, url string) error {
	in, err := scenario.Look(ctx, url, scenario.Account)
	if err != nil {
		return fmt.Errorf("look into the sandbox: %w", err)
	}
	environment, begins := map[string]string{}, c.begins()
	for _, variable := range slices.Concat(endpoint(url), administrator()) {
		name, value, _ := strings.Cut(variable, "=")
		environment[name] = value
	}
	if begins.Two {
		environment["KEYMEND_ACCOUNTS"] = scenario.Owner
	}
	return p.object(map[string]any{
		"schema": "keymend.sandbox/1", "url": url, "account": scenario.Account, "region": scenario.Region, "scenario": begins.Name,
		"groups": append([]string{}, in.Names...), "functions": c.Functions != "", "speed": c.Speed, "environment": environment,
	})
}

// exports lead every AWS client here, whatever the shell had before.
func exports(url string) []string {
	return []string{
		"unset AWS_PROFILE AWS_SESSION_TOKEN",
		"export " + quote.Command(endpoint(url)...),
		"export " + quote.Command(administrator()...),
	}
}

// endpoint are the variables that lead here. boto3 reads the Region from
// AWS_DEFAULT_REGION only, the Go SDK from AWS_REGION only.
func endpoint(url string) []string {
	return []string{"AWS_ENDPOINT_URL=" + url, "AWS_REGION=" + scenario.Region, "AWS_DEFAULT_REGION=" + scenario.Region}
}

// administrator are the variables with credentials of the account's administrator.
func administrator() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + scenario.Account, "AWS_SECRET_ACCESS_KEY=any"}
}

// some are the first of the texts, and how many more there are.
func some(texts []string) []string {
	const most = 12
	switch n := len(texts); {
	case n == 0:
		return []string{"none"}
	case n > most:
		return append(slices.Clone(texts[:most]), fmt.Sprintf("and %d more", n-most))
	}
	return texts
}
