package command

import (
	"context"
	"fmt"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/quote"
)

// welcome says what is in the sandbox, how a shell gets there, and what to try. It
// goes to standard error: scripts read standard output, and wait for its one line.
func (c sandboxed) welcome(ctx context.Context, p *program, url string) error {
	in, err := scenario.Look(ctx, url)
	if err != nil {
		return fmt.Errorf("look into the sandbox: %w", err)
	}
	page := screen.New(p.Err, p.coloured(p.Err))
	page.Row(screen.Bold, "IN IT", "account "+scenario.Account+", Region "+scenario.Region)
	page.Row(screen.Bold, "GROUPS", or(in.Groups, "none")...)
	page.Row(screen.Bold, "KEYS", or(in.Keys, "none")...)
	if c.Functions != "" {
		page.Row(screen.Bold, "FUNCTIONS", "keymend-diagnose and keymend-remediate, as deployed by default")
	}
	page.Row(screen.Bold, "TIME", fmt.Sprintf("simulated, at speed %g; %s/_keymend/clock moves it", c.Speed, url))
	page.Blank()
	page.Text(screen.Plain, "To go there, paste into another shell:")
	page.Blank()
	for _, line := range append(exports(url), first(in.Names)) {
		page.Text(screen.Plain, line)
	}
	page.Blank()
	return page.Flush()
}

// exports lead every AWS client here, whatever the shell had before. boto3 reads the
// Region from AWS_DEFAULT_REGION only, the Go SDK from AWS_REGION only.
func exports(url string) []string {
	return []string{
		"unset AWS_PROFILE AWS_SESSION_TOKEN",
		"export " + quote.Command("AWS_ENDPOINT_URL="+url, "AWS_REGION="+scenario.Region, "AWS_DEFAULT_REGION="+scenario.Region),
		"export " + quote.Command("AWS_ACCESS_KEY_ID="+scenario.Account, "AWS_SECRET_ACCESS_KEY=any"),
	}
}

// first is the next command.
func first(groups []string) string {
	if len(groups) == 0 {
		return "aws kms create-key"
	}
	return quote.Command("keymend", "diagnose", groups[0])
}

func or(texts []string, none string) []string {
	if len(texts) == 0 {
		return []string{none}
	}
	return texts
}
