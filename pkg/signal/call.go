package signal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// callRule is a rule for calls of one service, "kms:PutKeyPolicy" say, that were
// carried out by anyone but Keymend's own roles and AWS's services themselves, which
// call all day. Its parser gets such calls only, with the time of the call.
func callRule(id string, why Why, description string, parse parser, calls ...string) Rule {
	service, _, _ := strings.Cut(calls[0], ":")
	r := Rule{
		ID: id, Name: string(why), Signal: string(why), Description: description,
		sources: []string{"aws." + service}, detailType: apiCall, calls: calls,
	}
	r.parse = func(e Event, detail gjson.Result) (Signal, error) {
		e, err := readCall(r, e, detail)
		if err != nil {
			return nil, err
		}
		return parse(e, detail)
	}
	r.detail = func(rolePrefix string) map[string]any {
		names := make([]string, len(calls))
		for i, call := range calls {
			_, names[i], _ = strings.Cut(call, ":")
		}
		return map[string]any{"eventName": list(names...), "errorCode": accepted(), "userIdentity": map[string]any{
			"type": but("AWSService"), "sessionContext": map[string]any{"sessionIssuer": map[string]any{"userName": notOwn(rolePrefix)}},
		}}
	}
	return r
}

// but is everything except a text. Where there is nothing, it doesn't match.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-anything-but
func but(what any) []any { return []any{map[string]any{"anything-but": what}} }

// notOwn is a session of anyone but Keymend, or no session.
func notOwn(rolePrefix string) []any {
	return append(absent(), but(map[string]any{"prefix": rolePrefix})...)
}

// own reports whether one of Keymend's roles called, by the role's name.
func own(detail gjson.Result, rolePrefix string) bool {
	name := text(detail, "userIdentity.sessionContext.sessionIssuer.userName")
	return rolePrefix != "" && strings.HasPrefix(name, rolePrefix)
}

// readCall reads a call of a rule: the event, with the call's time. The error is *Ignored
// for one that changed nothing, or that AWS made by itself.
func readCall(r Rule, e Event, detail gjson.Result) (Event, error) {
	if _, err := required(detail, detailOf, "eventName"); err != nil {
		return Event{}, err
	}
	switch call := action(detail); {
	case !slices.Contains(r.calls, call):
		return Event{}, &Ignored{Reason: fmt.Sprintf("a call of %s, which Keymend doesn't look at", call)}
	case detail.Get("errorCode").Exists():
		return Event{}, refused(detail)
	case text(detail, "userIdentity.type") == "AWSService":
		return Event{}, &Ignored{Reason: call + " was called by an AWS service", Usual: true}
	}
	e.Time = calledAt(e, detail)
	return e, nil
}

func refused(detail gjson.Result) error {
	return &Ignored{Reason: "the call was refused with " + detail.Get("errorCode").String() + ", so it changed nothing"}
}

// calledAt is the call's time; the envelope's may be later.
func calledAt(e Event, detail gjson.Result) time.Time {
	if called, err := time.Parse(time.RFC3339, text(detail, "eventTime")); err == nil {
		return called
	}
	return e.Time
}

// firstOf returns the first of the members that is there.
func firstOf(detail gjson.Result, paths ...string) string {
	for _, path := range paths {
		if value := text(detail, path); value != "" {
			return value
		}
	}
	return ""
}

// ask asks for a look at the groups that use something.
func (e Event) ask(why Why, of Users) Looks {
	l := Looks{Schema: LooksSchema, Account: e.Account, Region: e.Region, Why: why, Asked: e.Time, Users: &of, Fresh: true}
	if e.ID != "" {
		l.EventIDs = []string{e.ID}
	}
	return l
}
