package plan

import (
	"cmp"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/kind/grant"
	"keymend/pkg/quote"
	"keymend/pkg/slr"
)

// commands are those that do what a remedy says, each by whoever may.
func (f Finding) commands(n NoFix) []quote.Task {
	switch n.Reason { //nolint:exhaustive // the others take a person's judgement, or have theirs beside the plan
	case KeyNotUsable:
		return f.usable()
	case OtherRegion:
		return f.replicate()
	case RoleMissing:
		return []quote.Task{{Account: f.Account, Command: f.CreateRole()}}
	case OtherService:
		create := grant.Create{Key: f.Facts.Key.ARN, Principal: f.Principal.ARN, Operations: slr.Operations()}
		return []quote.Task{{Account: f.Account, Command: f.createGrant(create)}}
	}
	return nil
}

// usable: only some states end by a command that is known beforehand.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func (f Finding) usable() []quote.Task {
	by := func(action string) quote.Task {
		return quote.Task{Account: f.KeyAccount(), Command: quote.Command("aws", "kms", action, "--key-id", f.Facts.Key.ARN, "--region", f.keyRegion())}
	}
	switch f.Facts.Key.State {
	case "Disabled":
		return []quote.Task{by("enable-key")}
	case "PendingDeletion":
		return []quote.Task{by("cancel-key-deletion"), by("enable-key")}
	}
	return nil
}

func (f Finding) replicate() []quote.Task {
	if !f.multiRegion() {
		return nil
	}
	return []quote.Task{{Account: f.KeyAccount(), Command: quote.Command(
		"aws", "kms", "replicate-key", "--key-id", f.Facts.Key.ARN, "--replica-region", f.Region, "--region", f.keyRegion())}}
}

// CreateRole is the command that makes the role, a service-linked one. It names the
// Region, though IAM has none: the CLI tells the partition by it, and asks for one where
// it is given an endpoint.
func (f Finding) CreateRole() string {
	words := []string{"aws", "iam", "create-service-linked-role", "--region", f.Region, "--aws-service-name", cmp.Or(slr.Service(f.Principal.ARN), slr.AutoScaling)}
	if _, suffix, ok := strings.Cut(arn.Resource(f.Principal.ARN), "_"); ok {
		words = append(words, "--custom-suffix="+suffix)
	}
	return quote.Command(words...)
}

// createGrant is the command that makes a grant.
func (f Finding) createGrant(g grant.Create) string {
	words := []string{"aws", "kms", "create-grant", "--region", f.Region, "--key-id", g.Key, "--grantee-principal", g.Principal}
	if g.Retiring != "" {
		words = append(words, "--retiring-principal", g.Retiring)
	}
	if g.Name != "" {
		words = append(words, "--name", g.Name)
	}
	return quote.Command(append(append(words, "--operations"), g.Operations...)...)
}
