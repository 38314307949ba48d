package wiring

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"keymend/pkg/account"
	"keymend/pkg/guard"
	"keymend/pkg/quote"
)

// Parameters reads SSM parameters.
type Parameters interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

var _ Parameters = (*ssm.Client)(nil)

// readSwitch reads the switch that stops all writes. Without a parameter there is
// none. It is on where the parameter's value is "on"; any other value is off. Only
// what may pass is an error.
func readSwitch(ctx context.Context, p Parameters, name, region string) (guard.Switch, string, error) {
	if name == "" {
		return guard.SwitchNone, "no switch is configured", nil
	}
	out, err := p.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	switch {
	case account.Transient(err):
		return guard.SwitchOff, "", fmt.Errorf("get parameter %s: %w", name, err)
	case err != nil:
		position := guard.SwitchUnread
		if _, missing := errors.AsType[*types.ParameterNotFound](err); missing {
			position = guard.SwitchMissing
		}
		return position, fmt.Sprintf("Parameter %s can't be read: %s", name, why(err)), nil
	case out.Parameter == nil || out.Parameter.Value == nil:
		return guard.SwitchOff, fmt.Sprintf("Parameter %s has no value", name), nil
	case *out.Parameter.Value == "on":
		return guard.SwitchOn, fmt.Sprintf("Parameter %s is on", name), nil
	}
	return guard.SwitchOff, fmt.Sprintf("Parameter %s is %s%s%s", name, short(*out.Parameter.Value), ToWrite, quote.Command(
		"aws", "ssm", "put-parameter", "--name="+name, "--value", "on", "--overwrite", "--region", region)), nil
}

// ToWrite stands before the command that turns the switch on, at the end of what is said
// of one that is off.
const ToWrite = "; to let Keymend write: "

// why names the kind of policy that refused, where AWS does.
func why(err error) string {
	if d, denied := account.DenialOf(err); denied && d.Policy != "" {
		return "AWS refused " + d.Action + ": " + d.String()
	}
	return err.Error()
}

// short repeats a value only where it is a word: the setting may name a secret's
// parameter by mistake, and records are for many eyes.
func short(value string) string {
	const word = 10
	if len(value) > word {
		return `not "on"`
	}
	return strconv.Quote(value)
}
