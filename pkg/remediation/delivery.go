package remediation

import (
	"time"

	"keymend/pkg/limit"
)

// A Delivery is what the queue says about a message.
type Delivery struct {
	Sent     time.Time // zero = not known
	Receives int       // this delivery counted in
	First    time.Time // of the first delivery; zero = not known
	// Approver is the name of the session of the approver's role that sent it; "" = it
	// was sent by somebody else.
	Approver string
}

// approvalHolds is how long an approval may wait to be carried out: the facts are read
// anew, and the person's mind isn't.
const approvalHolds = time.Hour

// late reports whether a message came too late for an approval to count, or whether that
// isn't known.
func (d Delivery) late() bool {
	if d.Sent.IsZero() || d.First.IsZero() {
		return true
	}
	return latest(d.Now(), d.First.Add(d.waited())).Sub(d.Sent) > approvalHolds
}

// Now is the least that AWS's clock must show by now. The function's own clock
// isn't asked: what it is compared with are AWS's times.
func (d Delivery) Now() time.Time {
	if d.Sent.IsZero() {
		return d.Sent
	}
	return d.Sent.Add(d.waited())
}

// waited is the least that has passed since the message was sent.
func (d Delivery) waited() time.Duration {
	return time.Duration(max(d.Receives-1, 0)) * limit.Visibility
}

// first reports whether the message was never delivered before: nothing of its
// change can be its own earlier doing then.
func (d Delivery) first() bool { return d.Receives == 1 }
