package remediation

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/plan"
	"keymend/pkg/signal"
)

// MessageSchema is the version of Message.
const MessageSchema = "keymend.change/1"

// longestTicket is how long a ticket's name may be, in bytes.
const longestTicket = 200

// ErrMessage says that a message isn't one of ours, or is damaged.
var ErrMessage = errors.New("not a message of Keymend's")

// A Message asks remediate to carry out one plan on one target. It carries the
// state before, so that a crash between write and record loses nothing.
type Message struct {
	Schema      string       `json:"schema"`
	ID          string       `json:"id"` // of the finding
	Account     string       `json:"account"`
	Region      string       `json:"region"`
	Group       string       `json:"group"`
	Target      string       `json:"target"`              // ARN of the key, the role or the group; or what is copied or changed
	Key         string       `json:"key,omitempty"`       // ARN of the key, where it isn't the target
	Principal   string       `json:"principal,omitempty"` // ARN of the role that the key is opened to; "" = the group's own
	Steps       change.Steps `json:"steps"`
	Digest      string       `json:"digest"`      // of the plan
	FactsDigest string       `json:"factsDigest"` // of the facts it was made for
	Cause       string       `json:"cause"`
	Signal      string       `json:"signal"`
	EventIDs    []string     `json:"eventIds,omitempty"`
	Failed      string       `json:"failed,omitempty"` // when the launch failed, RFC 3339
	Text        string       `json:"text,omitempty"`   // AWS's text about it
	RequestedBy string       `json:"requestedBy"`
	Ticket      string       `json:"ticket,omitempty"` // what the approver says of it; who approved, the queue says

	Deduplication string `json:"-"` // id by which equal messages within five minutes are one; "" = the digest

	Delivery Delivery `json:"-"` // the queue's, not the sender's word
}

// FIFOGroup is the lock: one writer for each target at a time. Group names may
// hold characters that SQS doesn't take, hence the hash.
func (m Message) FIFOGroup() string {
	sum := sha256.Sum256([]byte(m.Target))
	return hex.EncodeToString(sum[:])
}

// Body returns the message as it is sent, without escapes for HTML: so the
// longest policy there is fits twice into one message of SQS, of 256 KB.
func (m Message) Body() (string, error) {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return "", fmt.Errorf("write message %s: %w", m.ID, err)
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// ReadMessage reads a message, and refuses one that isn't whole, or has a step of a
// kind that isn't known.
func ReadMessage(text []byte, kinds change.Kinds) (Message, error) {
	var m Message
	if err := json.Unmarshal(text, &m); err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if problem := m.problem(); problem != "" {
		return Message{}, fmt.Errorf("%w: %s", ErrMessage, problem)
	}
	steps, err := kinds.Read(m.Steps)
	if err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	m.Steps = steps
	for _, step := range steps {
		if at := step.At(); at.Target != m.Target || at.Key != m.key() {
			return Message{}, fmt.Errorf("%w: step %s is about %q, the message about %q", ErrMessage, step.Kind(), at.Target, m.Target)
		}
	}
	return m, nil
}

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z0-9-]{3,32}$`)
	digestForm  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func (m Message) problem() string {
	switch {
	case m.Schema != MessageSchema:
		return fmt.Sprintf("schema is %q, not %q", m.Schema, MessageSchema)
	case !accountForm.MatchString(m.Account):
		return "account must have 12 digits"
	case !regionForm.MatchString(m.Region):
		return "region is missing or no Region's name"
	case m.Group == "":
		return "group is missing"
	case len(m.Steps) == 0:
		return "it has no steps"
	case !digestForm.MatchString(m.Digest):
		return "digest must be a SHA-256 in hexadecimal"
	case !strings.HasPrefix(m.Target, "arn:"):
		return "target must be an ARN"
	case len(m.Ticket) > longestTicket || strings.ContainsFunc(m.Ticket, unicode.IsControl):
		return fmt.Sprintf("ticket must be one line of %d bytes at most", longestTicket)
	}
	return ""
}

func (p pass) message(of plan.Proposal) Message {
	f := of.Finding
	m := Message{
		Schema: MessageSchema, ID: f.ID(), Account: f.Account, Region: f.Region, Group: f.Group,
		Target: of.Plan.Target, Principal: f.Principal.ARN, Steps: of.Plan.Steps, Digest: of.Plan.Digest, FactsDigest: of.Plan.FactsDigest,
		Cause: f.Cause.String(), Signal: string(p.look.Why), EventIDs: p.look.EventIDs,
		Failed: p.look.FailedAt(), Text: p.look.Text, RequestedBy: p.look.By(),
	}
	if f.Facts.Key.ARN != of.Plan.Target {
		m.Key = f.Facts.Key.ARN
	}
	return m
}

// look brings back what the record of the outcome says about the signal.
func (m Message) look() signal.Look {
	failed, _ := time.Parse(time.RFC3339, m.Failed) // zero where it isn't that
	return signal.Look{Why: signal.Why(m.Signal).Known(), Account: m.Account, Region: m.Region, Group: m.Group, EventIDs: m.EventIDs, Failed: failed, Text: m.Text, Asked: m.Delivery.Now()}
}

// key returns the ARN of the key that the message is about; "" = it is about none.
func (m Message) key() string {
	if m.Key == "" && arn.Service(m.Target) == "kms" {
		return m.Target
	}
	return m.Key
}

// mark says for which remediation the message is carried out.
func (m Message) mark() change.Mark {
	return change.Mark{
		Remediation: plan.RemediationID(m.Digest), Occasion: m.look().FailedAt() + " " + strings.Join(m.EventIDs, " "), Sent: m.Delivery.Sent,
	}
}
