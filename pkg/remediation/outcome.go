package remediation

import (
	"errors"
	"strings"

	"keymend/pkg/account"
	"keymend/pkg/guard"
	"keymend/pkg/launch"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
)

// outcomeOf says what a verdict comes to, before anything is sent.
func outcomeOf(v guard.Verdict, p plan.Plan) (outcome.Outcome, string) {
	switch {
	case p.NoFix != nil:
		return outcomeOfNone(*p.NoFix)
	case v.Allowed:
		return outcome.Fixable, v.Text
	case v.Propose && p.ForOwner != nil:
		return proposed(v.Reason), v.Text + " By hand: " + p.ForOwner.String()
	case v.Propose, v.Try:
		return proposed(v.Reason), v.Text
	case v.Reason == guard.OnlyObserving:
		return outcome.Observed, v.Text
	}
	return outcome.Refused, v.Text
}

// outcomeOfNone says what it comes to that there is no plan.
func outcomeOfNone(none plan.NoFix) (outcome.Outcome, string) {
	text := strings.TrimSpace(none.Text + " " + none.Remedy)
	switch none.Reason { //nolint:exhaustive // for all others a person has to do something
	case plan.Copying:
		return outcome.Copying, none.Text
	case plan.HandedOver:
		return outcome.HandedOver, text
	case plan.NotRead:
		return outcome.NotPermitted, text
	}
	return outcome.NoFix, text
}

// proposed is what a plan ends as that isn't carried out, and is shown.
func proposed(why guard.Reason) outcome.Outcome {
	switch why { //nolint:exhaustive // for all others a person's word is all that is wanted
	case guard.TakenAway:
		return outcome.TakenAway
	case guard.Braked:
		return outcome.Braked
	}
	return outcome.Proposed
}

// finalOutcome says what an error comes to that no later try will mend; false for
// those that one may.
func finalOutcome(err error) (outcome.Outcome, bool) {
	switch {
	case errors.Is(err, launch.ErrGroupNotFound):
		return outcome.Ignored, true
	case account.AccessDenied(err):
		return outcome.NotPermitted, true
	case account.Final(err):
		return outcome.Failed, true
	}
	return "", false
}

// reasonOf puts the action that AWS refused first, and the kind of policy that
// refused it, as far as AWS says: whoever keeps that policy has to act. A reason is one
// line, also of several errors.
func reasonOf(err error) string {
	d, _ := account.DenialOf(err)
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	switch why := d.String(); {
	case d.Action == "":
		return text
	case why == "":
		return "AWS refused " + d.Action + ": " + text
	default:
		return "AWS refused " + d.Action + ": " + why + ": " + text
	}
}
