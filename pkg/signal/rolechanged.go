package signal

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"keymend/pkg/slr"
)

// roleChanged is a service-linked role of Auto Scaling that somebody made or deleted, as
// in testdata/events/role-*.json: a grant to a deleted one opens nothing to its
// successor. IAM's calls are recorded in us-east-1 only, so that only a deployment there
// gets these events, and looks at the groups there.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
func roleChanged() Rule {
	return callRule("RoleChanged", WhyRoleChanged, "Groups that launch as a role are looked at when somebody makes or deletes it; in us-east-1 only, needs a trail",
		parseRoleChanged, "iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole")
}

// parseRoleChanged: Auto Scaling makes the default role itself, in the name of whoever
// makes the first group; that group has an event of its own.
func parseRoleChanged(e Event, detail gjson.Result) (Signal, error) {
	role := text(detail, "requestParameters.roleName")
	if text(detail, "requestParameters.aWSServiceName") == autoScaling {
		role = slr.Name
		if suffix := text(detail, "requestParameters.customSuffix"); suffix != "" {
			role += "_" + suffix
		}
	}
	switch by := text(detail, "userIdentity.invokedBy"); {
	case by == autoScaling:
		return nil, &Ignored{Reason: action(detail) + " was called through " + by, Usual: true}
	case !strings.HasPrefix(role, slr.Name):
		return nil, &Ignored{Reason: fmt.Sprintf("%s is about no role of Auto Scaling's", action(detail)), Usual: true}
	}
	return e.ask(WhyRoleChanged, Users{Role: role}), nil
}
