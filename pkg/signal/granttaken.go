package signal

import "github.com/tidwall/gjson"

// grantTaken is a grant that somebody revoked or retired, as in
// testdata/events/grant-*.json. Services of AWS retire grants of their own all day,
// also in the name of whoever deletes a volume, say: those aren't meant.
// https://docs.aws.amazon.com/kms/latest/developerguide/ct-retire-grant.html
func grantTaken() Rule {
	r := callRule("GrantTaken", WhyGrantTaken, "Groups that use a key are looked at when somebody takes a grant on it away; needs a trail",
		parseGrantTaken, "kms:RevokeGrant", "kms:RetireGrant")
	whoever := r.detail
	r.detail = func(rolePrefix string) map[string]any {
		out := whoever(rolePrefix)
		out["userIdentity"].(map[string]any)["invokedBy"] = absent() //nolint:forcetypeassert // callRule made it
		return out
	}
	return r
}

func parseGrantTaken(e Event, detail gjson.Result) (Signal, error) {
	looks, err := keyCall(WhyGrantTaken, e, detail)
	if err != nil {
		return nil, err
	}
	if by := text(detail, "userIdentity.invokedBy"); by != "" {
		return nil, &Ignored{Reason: action(detail) + " was called through " + by, Usual: true}
	}
	looks.Taken = takenBy(looks, detail)
	return looks, nil
}

// takenBy says who took which grant away; nil where CloudTrail doesn't. RetireGrant may be
// asked by a token, so that its parameters don't name the grant.
func takenBy(l Looks, detail gjson.Result) *taken {
	t := &taken{Grant: firstOf(detail, "requestParameters.grantId", "additionalEventData.grantId"), By: text(detail, "userIdentity.arn"), At: l.Asked}
	if t.Grant == "" || t.By == "" {
		return nil
	}
	return t
}
