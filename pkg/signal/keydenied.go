package signal

import (
	"fmt"

	"github.com/tidwall/gjson"

	"keymend/pkg/activity"
	"keymend/pkg/slr"
)

// keyDenied is KMS's refusal of a service-linked role of Auto Scaling, or of the Spot role,
// as in testdata/events/denied-*.json. CloudTrail shows it while the launch still goes on. It
// names the role, and the key where CloudTrail has it, but no group.
// https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
//
// KMS calls that use a key only read, as CloudTrail sees it. They reach an ordinary rule
// all the same: only calls named Describe…, Get… and List… don't.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
func keyDenied() Rule {
	return Rule{
		ID: "KeyDenied", Name: string(WhyKeyDenied), Signal: string(WhyKeyDenied), Description: "KMS refused Auto Scaling a key: the groups that need it are looked at; needs a trail",
		sources: []string{"aws.kms"}, detailType: apiCall, denials: true,
		detail: func(string) map[string]any {
			issuer := map[string]any{"userName": []any{map[string]any{"prefix": slr.Name}, slr.SpotName}}
			return map[string]any{
				"errorCode":    list("AccessDenied", "AccessDeniedException"),
				"userIdentity": map[string]any{"sessionContext": map[string]any{"sessionIssuer": issuer}},
			}
		},
		parse: parseKeyDenied,
	}
}

// parseKeyDenied asks for the groups that launch as the role and use the key; where the
// key isn't known, for those of the role's that lack instances. As the Spot role those
// launch that have a launch configuration with a price, beside the role that each names:
// of any role they are asked for.
func parseKeyDenied(e Event, detail gjson.Result) (Signal, error) {
	d, ok := activity.DecodeDenial([]byte(detail.Raw))
	switch {
	case !ok:
		return nil, &Ignored{Reason: fmt.Sprintf("a call of %s, which Keymend doesn't look at", action(detail))}
	case slr.IsSpot(d.Role, e.Account):
		d.Role = ""
	case !slr.Is(d.Role, e.Account):
		return nil, &Ignored{Reason: "KMS refused " + d.Role + ", which is no service-linked role of Auto Scaling, nor the Spot role, in account " + e.Account}
	}
	e.Time = calledAt(e, detail)
	return e.ask(WhyKeyDenied, Users{Key: d.Key, Role: d.Role, Lacking: d.Key == "", Now: true}), nil
}
