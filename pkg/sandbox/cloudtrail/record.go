package cloudtrail

import (
	"strings"
	"time"

	"keymend/pkg/arn"
	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/wire"
)

// A record is CloudTrail's record of a call.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
type record struct {
	EventVersion       string         `json:"eventVersion"`
	UserIdentity       userIdentity   `json:"userIdentity"`
	EventTime          string         `json:"eventTime"`
	EventSource        string         `json:"eventSource"`
	EventName          string         `json:"eventName"`
	AWSRegion          string         `json:"awsRegion"`
	SourceIPAddress    string         `json:"sourceIPAddress"`
	UserAgent          string         `json:"userAgent"`
	ErrorCode          string         `json:"errorCode,omitempty"`
	ErrorMessage       string         `json:"errorMessage,omitempty"`
	RequestParameters  any            `json:"requestParameters"`
	ResponseElements   any            `json:"responseElements"`
	AdditionalData     map[string]any `json:"additionalEventData,omitempty"`
	RequestID          string         `json:"requestID"`
	EventID            string         `json:"eventID"`
	ReadOnly           bool           `json:"readOnly"`
	Resources          []resource     `json:"resources,omitempty"`
	EventType          string         `json:"eventType"`
	ManagementEvent    bool           `json:"managementEvent"`
	RecipientAccountID string         `json:"recipientAccountId"`
	EventCategory      string         `json:"eventCategory"`

	at time.Time
}

type resource struct {
	AccountID string `json:"accountId"`
	Type      string `json:"type"`
	ARN       string `json:"ARN"`
}

type userIdentity struct {
	Type           string          `json:"type"`
	PrincipalID    string          `json:"principalId,omitempty"`
	ARN            string          `json:"arn,omitempty"`
	AccountID      string          `json:"accountId,omitempty"`
	UserName       string          `json:"userName,omitempty"`
	SessionContext *sessionContext `json:"sessionContext,omitempty"`
	InvokedBy      string          `json:"invokedBy,omitempty"`
}

type sessionContext struct {
	SessionIssuer  sessionIssuer     `json:"sessionIssuer"`
	Attributes     map[string]string `json:"attributes"`
	SourceIdentity string            `json:"sourceIdentity,omitempty"`
}

type sessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

func (s *Service) recordOf(c wire.Call) record {
	now := s.clock.Now().UTC()
	r := record{
		EventVersion: "1.11", UserIdentity: identityOf(c.Caller, now), EventTime: now.Format(time.RFC3339),
		EventSource: sourceOf(c.Service), EventName: c.Operation, AWSRegion: regionOf(c),
		SourceIPAddress: "127.0.0.1", UserAgent: c.Caller.Agent, RequestID: c.Caller.RequestID, EventID: ident.UUID(),
		ReadOnly: readOnly(c), EventType: "AwsApiCall", ManagementEvent: true,
		RecipientAccountID: c.Caller.Account, EventCategory: "Management", at: now,
	}
	if r.RequestID == "" {
		r.RequestID = ident.UUID()
	}
	if by := c.Caller.InvokedBy; by != "" {
		r.SourceIPAddress, r.UserAgent = by, by
	}
	r.ErrorCode, r.ErrorMessage = failure(c)
	r.describe(c)
	for _, name := range c.Resources {
		r.Resources = append(r.Resources, resource{arn.Account(name), resourceType(name), name})
	}
	return r
}

// identityOf is who called, as CloudTrail shows a session and its role.
func identityOf(c *wire.Caller, now time.Time) userIdentity {
	u := userIdentity{Type: "IAMUser", ARN: c.ARN, AccountID: c.Account, InvokedBy: c.InvokedBy}
	if c.ARN == "" {
		return userIdentity{Type: "AWSService", InvokedBy: c.InvokedBy}
	}
	if c.Role == "" {
		u.UserName = c.ARN[strings.LastIndexByte(c.ARN, '/')+1:]
		u.PrincipalID = c.UniqueID
		return u
	}
	u.Type, u.PrincipalID = "AssumedRole", c.UniqueID+":"+c.Session
	u.SessionContext = &sessionContext{
		SessionIssuer: sessionIssuer{Type: "Role", PrincipalID: c.UniqueID, ARN: c.Role, AccountID: arn.Account(c.Role),
			UserName: c.Role[strings.LastIndexByte(c.Role, '/')+1:]},
		Attributes:     map[string]string{"creationDate": now.Format(time.RFC3339), "mfaAuthenticated": "false"},
		SourceIdentity: c.SourceIdentity,
	}
	return u
}

// sourceOf is the service's event source. Signing name and event source agree
// for the sandbox's services but CloudWatch Logs' IAM prefix.
func sourceOf(service string) string { return service + ".amazonaws.com" }

// regionOf: IAM's calls are recorded in us-east-1.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
func regionOf(c wire.Call) string {
	if c.Service == "iam" {
		return "us-east-1"
	}
	return c.Caller.Region
}

// readOnly: what only reads, and KMS's use of keys.
func readOnly(c wire.Call) bool {
	for _, prefix := range []string{"Describe", "Get", "List", "Lookup", "Test"} {
		if strings.HasPrefix(c.Operation, prefix) {
			return true
		}
	}
	if c.Service == "sts" {
		return true
	}
	return c.Service == "kms" && (c.Operation == "Encrypt" || c.Operation == "Decrypt" || c.Operation == "ReEncrypt" ||
		strings.HasPrefix(c.Operation, "GenerateDataKey"))
}

// failure is the error as CloudTrail names it: without "Exception" for a
// refusal, with "Client." for EC2. CloudTrail cuts the message at 1 KB.
func failure(c wire.Call) (code, message string) {
	if c.Err == nil {
		return "", ""
	}
	e := wire.AsError(c.Err)
	code, message = e.Code, e.Message
	switch {
	case code == "AccessDeniedException":
		code = "AccessDenied"
	case c.Service == "ec2":
		code = "Client." + code
	}
	const most = 1024
	return code, message[:min(len(message), most)]
}

func resourceType(name string) string {
	switch a, _ := arn.Parse(name); {
	case a.Service == "kms" && strings.HasPrefix(a.Resource, "key/"):
		return "AWS::KMS::Key"
	case a.Service == "iam" && strings.HasPrefix(a.Resource, "role/"):
		return "AWS::IAM::Role"
	}
	return ""
}
