package activity

import (
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// A PolicyEdit is a key policy that somebody wrote, as CloudTrail records it.
type PolicyEdit struct {
	EventID string // CloudTrail's
	Time    time.Time
	Key     string // ARN
	Caller  string // ARN of the user or session
	Role    string // ARN of the session's role; "" = no role
	Session string // its name
	Policy  string // the document, as it was sent
}

// DecodePolicyEdit reads one CloudTrail record. It is false for all but a PutKeyPolicy
// that KMS carried out, of which the record has key and document: CloudTrail leaves
// out what would make a record too large.
// https://docs.aws.amazon.com/kms/latest/developerguide/ct-put-key-policy.html
func DecodePolicyEdit(record []byte) (PolicyEdit, bool) {
	if !gjson.ValidBytes(record) {
		return PolicyEdit{}, false
	}
	r := gjson.ParseBytes(record)
	e := PolicyEdit{
		EventID: text(r, "eventID"), Key: keyARNIn(text(r, "resources.0.ARN")), Caller: text(r, "userIdentity.arn"),
		Role: text(r, "userIdentity.sessionContext.sessionIssuer.arn"), Policy: text(r, "requestParameters.policy"),
	}
	if e.Role != "" {
		e.Session = e.Caller[strings.LastIndexByte(e.Caller, '/')+1:]
	}
	var err error
	e.Time, err = time.Parse(time.RFC3339, text(r, "eventTime"))
	put := text(r, "eventSource") == "kms.amazonaws.com" && text(r, "eventName") == "PutKeyPolicy" && !r.Get("errorCode").Exists()
	if !put || err != nil || e.Key == "" || e.Policy == "" {
		return PolicyEdit{}, false
	}
	return e, true
}
