package signal

import (
	"github.com/tidwall/gjson"

	"keymend/pkg/permission"
)

// assume is the action of an OwnWrite that took a session.
const assume = "sts:AssumeRole"

// Taken reports whether it is no write, but a session that was taken of a role which
// writes: Role and Target are that role, Session the session's name.
func (w OwnWrite) Taken() bool { return w.Action == assume }

// ownSessions matches the sessions that are taken of policy writers. What one writes in
// another account, this account's CloudTrail doesn't show; that it was taken, it does.
// The call counts as read-only, but its name begins as no read's does, so that a rule
// which is only enabled sees it.
//
//	https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
//	https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
func ownSessions() Rule {
	return Rule{
		ID: "OwnSessions", Signal: OwnWrite{Action: assume}.Name(), sources: []string{"aws.sts"}, detailType: apiCall, calls: []string{assume}, parse: parseOwnSession, Elsewhere: true,
		Description: "Sessions of the role that writes key policies, in other accounts too, each of which must have its intent in the audit log; needs a trail",
		detail: func(rolePrefix string) map[string]any {
			role := map[string]any{"suffix": ":role/" + rolePrefix + string(permission.PolicyWriter)}
			return map[string]any{"eventName": list("AssumeRole"), "errorCode": accepted(), "requestParameters": map[string]any{"roleArn": []any{role}}}
		},
	}
}

// parseOwnSession: a session that was refused can't write.
func parseOwnSession(e Event, detail gjson.Result) (Signal, error) {
	if _, err := required(detail, detailOf, "eventName"); err != nil {
		return nil, err
	}
	switch refused := detail.Get("errorCode"); {
	case action(detail) != assume:
		return nil, &Ignored{Reason: "a call of " + action(detail) + ", which Keymend doesn't look at"}
	case refused.Exists():
		return nil, &Ignored{Reason: "the session was refused with " + refused.String()}
	}
	role, err := required(detail, detailOf, "requestParameters.roleArn")
	if err != nil {
		return nil, err
	}
	session, err := required(detail, detailOf, "requestParameters.roleSessionName")
	if err != nil {
		return nil, err
	}
	e.Time = calledAt(e, detail)
	return OwnWrite{Event: e, Action: assume, Role: role, Session: session, Target: role}, nil
}
