package activity

import (
	"regexp"
	"time"

	"github.com/tidwall/gjson"
)

// A KeyDenial is KMS's refusal of a role's call, as CloudTrail records it.
type KeyDenial struct {
	Role      string // ARN of the role that called, without its session
	Key       string // key ARN; "" where the record doesn't carry it, as is usual for keys of other accounts
	Operation string // the call, as in "GenerateDataKeyWithoutPlaintext"
	Time      time.Time
	EventID   string
}

// DecodeDenial reads one CloudTrail record: the detail of an "AWS API Call via
// CloudTrail" event, or what LookupEvents returns as CloudTrailEvent. It is false
// for every record that isn't KMS's refusal of a role.
//
// The members are those of a recorded call of Auto Scaling's role; no recorded
// sample of its denial was found (docs/unknowns.md), so the key is looked for
// wherever CloudTrail may put it: resources, request parameters, message.
// https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
func DecodeDenial(record []byte) (KeyDenial, bool) {
	if !gjson.ValidBytes(record) {
		return KeyDenial{}, false
	}
	r := gjson.ParseBytes(record)
	d := KeyDenial{
		Role: text(r, "userIdentity.sessionContext.sessionIssuer.arn"), Operation: text(r, "eventName"), EventID: text(r, "eventID"),
	}
	code := text(r, "errorCode")
	if text(r, "eventSource") != "kms.amazonaws.com" || code != "AccessDenied" && code != "AccessDeniedException" || d.Role == "" {
		return KeyDenial{}, false
	}
	d.Time, _ = time.Parse(time.RFC3339, text(r, "eventTime")) // zero where it can't be read: no window of time holds that
	for _, place := range []string{text(r, "resources.0.ARN"), text(r, "requestParameters.keyId"), text(r, "errorMessage")} {
		if d.Key = keyARNIn(place); d.Key != "" {
			break
		}
	}
	return d, true
}

var keyARN = regexp.MustCompile(`arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+`)

// keyARNIn finds a key's ARN in a text; "" = there is none.
func keyARNIn(text string) string {
	return keyARN.FindString(text)
}

// text returns a member that may be missing, or of another type.
func text(doc gjson.Result, path string) string {
	if r := doc.Get(path); r.Type == gjson.String {
		return r.Str
	}
	return ""
}
