package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"keymend/pkg/change"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
)

// Approval is the message that asks for a proposal to be carried out, by its record. What
// it says of the approver is for people; what counts SQS says of its sender. Another
// person's is another message: the first may not count.
func Approval(r record.Record, by, ticket string, kinds change.Kinds) (remediation.Message, error) {
	if r.Proposal == "" || len(r.Steps) == 0 {
		return remediation.Message{}, fmt.Errorf("%w: %s is no proposal that could be carried out", remediation.ErrMessage, r.ID)
	}
	m := remediation.Message{
		Schema: remediation.MessageSchema, ID: r.ID, Account: r.Account, Region: r.Region, Group: r.Group,
		Target: r.Steps[0].At().Target, Principal: r.Principal, Steps: change.Steps(r.Steps), Digest: r.Digest,
		Cause: r.Cause, Signal: r.Signal, EventIDs: r.EventIDs, Failed: r.Failed, Text: r.Message, RequestedBy: "approval by " + by, Ticket: ticket,
	}
	if r.Plan != nil {
		m.FactsDigest = r.Plan.FactsDigest
	}
	if r.Key != m.Target {
		m.Key = r.Key
	}
	body, err := m.Body()
	if err == nil {
		m, err = remediation.ReadMessage([]byte(body), kinds)
	}
	if err != nil {
		return m, err
	}
	sum := sha256.Sum256([]byte(m.Digest + " " + m.RequestedBy))
	m.Deduplication = hex.EncodeToString(sum[:])
	return m, nil
}
