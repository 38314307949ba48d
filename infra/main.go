// Command infra is Keymend's CDK app: it synthesises the CloudFormation stack of
// one account and Region from the settings in cdk.json, and, where these name them, the
// stacks of the account's further Regions, and of an organization's hub and members. On any problem with these
// it synthesises nothing, says each in a line, and ends with 1.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"keymend/infra/account"
	"keymend/infra/cdkcontext"
	"keymend/infra/function"
	"keymend/infra/organization"
)

func main() {
	if err := synthesise(); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintln(os.Stderr, "keymend:", line)
		}
		fmt.Fprintln(os.Stderr, "keymend: nothing was synthesised")
		os.Exit(1)
	}
}

func synthesise() error {
	context, err := cdkcontext.Read(os.Getenv, os.ReadFile)
	if err != nil {
		return err
	}
	defaults, problems := cdkcontext.Validate(context, cdkcontext.Stack{
		Account: os.Getenv("CDK_DEFAULT_ACCOUNT"), Region: os.Getenv("CDK_DEFAULT_REGION"),
	})
	code := map[string]string{function.Diagnose: "dist/diagnose.zip", function.Remediate: "dist/remediate.zip"}
	for _, zip := range code {
		if _, err := os.Stat(zip); err != nil {
			problems = errors.Join(problems, fmt.Errorf("find the functions: %w; `make dist` makes it", err))
		}
	}
	if _, err := exec.LookPath(cmp.Or(os.Getenv("JSII_NODE"), "node")); err != nil {
		problems = errors.Join(problems, fmt.Errorf("find Node, which the CDK runs in: %w; install Node 22 or later", err))
	}
	if problems != nil {
		return problems
	}
	defer jsii.Close()
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: new(false), TreeMetadata: new(false)})
	props := account.Props{Defaults: defaults, Code: code}
	if _, err := account.NewStack(app, "keymend", props); err != nil {
		return err
	}
	for _, region := range cdkcontext.FurtherRegions(defaults) {
		if _, err := account.NewRegion(app, "keymend-in-"+region, region, props); err != nil {
			return err
		}
	}
	if of := cdkcontext.NewOrganization(defaults); of != nil {
		if err := organization.NewStacks(app, account.Hub{Organization: *of, Props: props}); err != nil {
			return err
		}
	}
	app.Synth(nil)
	return nil
}
