package wiring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"keymend/pkg/account"
	"keymend/pkg/guard"
	"keymend/pkg/limit"
	"keymend/pkg/permission"
	"keymend/pkg/settings"
	"keymend/pkg/together"
)

// Brake is what remediation.Looker.Brake asks for: it reads the brakes of an account and
// Region of the organization there, as its reader.
func (a AWS) Brake(ctx context.Context, accountID, region string) (guard.Brake, error) {
	cfg, err := a.config(ctx, accountID, region, permission.Reader)
	if no, outside := errors.AsType[*outsideError](err); outside {
		return guard.Outside(no.Error()), nil
	}
	if err != nil {
		return guard.Brake{}, err
	}
	where := "Account " + accountID + ", " + region + ": "
	var b guard.Brake
	client := ssm.NewFromConfig(cfg)
	err = together.Do(
		func() (err error) {
			b.Switch, b.SwitchText, err = readSwitch(ctx, client, settings.DefaultSwitch, region)
			return err
		},
		func() (err error) { b.Wave, b.WaveText, err = readWave(ctx, client, a.Own.Region); return err },
	)
	if err != nil {
		return guard.Brake{}, fmt.Errorf("read the brakes of account %s, %s: %w", accountID, region, err)
	}
	b.WaveText, b.SwitchText = where+b.WaveText, where+b.SwitchText
	return b, nil
}

// underWay is how long something may be written by what a wave said before: whatever read
// it ends with its invocation, and the other half is for clocks, and for SSM to show it.
const underWay = 2 * limit.Invocation

// justNow reports whether something else may be under way yet that was begun before then.
func justNow(then *time.Time) bool { return then != nil && time.Since(*then).Abs() < underWay }

// readWave reads what whoever governs the organization lets the hub do in a Region, and
// says how. Where that can't be told, or another Region's hub stack is to do it, it is
// the most careful. Only what may pass is an error, and a wave that was written just now
// and lets something be written: its message comes again, and nothing is lost by that.
func readWave(ctx context.Context, p Parameters, hub string) (settings.Wave, string, error) {
	const name = permission.Wave
	out, err := p.GetParameter(ctx, &ssm.GetParameterInput{Name: new(name)})
	if account.Transient(err) {
		return settings.Careful(), "", fmt.Errorf("get parameter %s: %w", name, err)
	}
	if err != nil {
		text := "parameter " + name + ", of the stack set keymend-regions, can't be read, which counts as observe: " + why(err)
		if account.AccessDenied(err) {
			text += ". Roles of an earlier version may not: update the stack sets keymend-roles and keymend-regions"
		}
		return settings.Careful(), text, nil
	}
	text := ""
	if out.Parameter != nil {
		text = aws.ToString(out.Parameter.Value)
	}
	w, wrong := settings.ParseWave(text)
	switch {
	case wrong != nil:
		return w, "parameter " + name + ", of the stack set keymend-regions, counts as observe: " + wrong.Error(), nil //nolint:nilerr // what isn't known is no error, but careful
	case w.Hub != hub:
		return settings.Careful(), fmt.Sprintf("by parameter %s this Region's hub is %q since the mapping changed; the hub in %s writes nothing here", name, w.Hub, hub), nil
	case w.Mode == settings.Enforce && justNow(out.Parameter.LastModifiedDate):
		return settings.Careful(), "", fmt.Errorf("parameter %s was written at %s: for %s after that another hub stack may go by what it said before", name, out.Parameter.LastModifiedDate.UTC().Format(time.RFC3339), underWay)
	}
	return w, "parameter " + name + " says " + string(w.Mode), nil
}
