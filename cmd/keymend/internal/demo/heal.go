package demo

import (
	"context"
	"fmt"

	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
)

// A healing is what AWS and the functions' records say of web-prod.
type healing struct {
	group     astypes.AutoScalingGroup
	inService []string
	failure   astypes.Activity
	finding   entry // by diagnose
	intent    entry // by remediate
	write     sandbox.SeenCall
	outcome   entry    // by remediate
	proven    []string // instances that proof records name
	healed    time.Time
	seen      entry // the look that followed the change
}

const web = "web-prod"

// heal: a launch fails, the event arrives, and Keymend mends it.
func (s *stage) heal(ctx context.Context) error {
	a := s.in(enforcing)
	queue, err := s.seedWeb(ctx, a)
	if err != nil {
		return err
	}
	ok, err := s.until(5*time.Minute, func() (bool, error) { return a.healed(ctx, web) })
	if err != nil {
		return err
	}
	var h healing
	if h, err = s.read(ctx, a); err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s has %d of %d in service, and %d of them are proven on record", web, len(h.inService), aws.ToInt32(h.group.DesiredCapacity), len(h.proven))
	}
	s.change = h.intent.RemediationID
	if s.event, err = a.heard(ctx, queue); err != nil {
		return err
	}
	s.tellHealing(h)
	return nil
}

// seedWeb makes a group whose template asks for encryption and names no key, so
// that it takes the account's default one; that one's policy names nobody but
// the account.
func (s *stage) seedWeb(ctx context.Context, a actor) (queue string, err error) {
	if queue, err = a.tap(ctx); err != nil {
		return "", err
	}
	if s.key, err = a.seed.Key(ctx, "alias/platform-ebs", "remediate"); err != nil {
		return "", err
	}
	if err := a.seed.DefaultKey(ctx, s.key); err != nil {
		return "", err
	}
	if s.policy, err = a.keyPolicy(ctx, s.key); err != nil {
		return "", err
	}
	return queue, a.seed.Group(ctx, web, machine, scenario.Volume{Encrypted: true})
}

// healed: everything is in service, and Keymend has put that on record.
func (a actor) healed(ctx context.Context, name string) (bool, error) {
	g, ids, err := a.group(ctx, name)
	if err != nil || len(ids) < int(aws.ToInt32(g.DesiredCapacity)) {
		return false, err
	}
	all, err := a.entries(ctx, name)
	return len(proven(all)) == len(ids), err
}

// proven returns the instances that proofs name.
func proven(all []entry) []string {
	ids := map[string]bool{}
	for _, e := range all {
		if e.Phase == record.Proof && e.Outcome == outcome.Recovered && e.Proof != nil {
			for _, id := range e.Proof.Instances {
				ids[id] = true
			}
		}
	}
	return sortedKeys(ids)
}

// read collects the evidence, in the order of the stages; the first that isn't
// there is the error.
func (s *stage) read(ctx context.Context, a actor) (h healing, err error) {
	if h.group, h.inService, err = a.group(ctx, web); err != nil {
		return h, err
	}
	var found bool
	if h.failure, found, err = a.failed(ctx, web); err != nil || !found {
		return h, missing(err, "no launch of %s failed", web)
	}
	all, err := a.entries(ctx, web)
	if err != nil {
		return h, err
	}
	failed := aws.ToTime(h.failure.EndTime)
	after := func(phase record.Phase) func(entry) bool {
		return func(e entry) bool { return e.Phase == phase && !e.at.Before(failed) }
	}
	if h.finding, found = first(all, after(record.Finding)); !found {
		return h, missing(nil, "diagnose left no finding for %s; its last words: %s", web, a.lastWords(ctx, "diagnose"))
	}
	if h.finding.Outcome != outcome.Sent {
		return h, missing(nil, "diagnose sent no change for %s: %s: %s", web, h.finding.Outcome, h.finding.Reason)
	}
	if h.intent, found = first(all, after(record.Intent)); !found {
		return h, missing(nil, "remediate left no intent for %s; its last words: %s", web, a.lastWords(ctx, "remediate"))
	}
	return h, s.readWrite(ctx, a, all, &h)
}

// readWrite goes on from the intent to the proof.
func (s *stage) readWrite(ctx context.Context, a actor, all []entry, h *healing) error {
	var found bool
	var err error
	if h.write, err = s.onlyWrite(); err != nil {
		return err
	}
	h.outcome, found = first(all, func(e entry) bool { return e.Phase == record.Result && e.RemediationID == h.intent.RemediationID })
	switch {
	case !found:
		return missing(nil, "remediate left no outcome of %s; its last words: %s", h.intent.RemediationID, a.lastWords(ctx, "remediate"))
	case h.outcome.Outcome != outcome.Fixed || h.outcome.Proof == nil || h.outcome.Proof.Decision != access.Allowed:
		return missing(nil, "remediate didn't prove the change: %s: %s", h.outcome.Outcome, h.outcome.Reason)
	}
	h.proven = proven(all)
	h.seen, _ = first(all, func(e entry) bool { return e.Outcome == outcome.Recovered })
	launched, err := a.activities(ctx, web)
	for _, x := range launched {
		if x.StatusCode == astypes.ScalingActivityStatusCodeSuccessful {
			h.healed = aws.ToTime(x.EndTime)
		}
	}
	return err
}

// onlyWrite returns the one write of this part: a PutKeyPolicy that succeeded.
func (s *stage) onlyWrite() (sandbox.SeenCall, error) {
	writes := s.writes()
	if len(writes) != 1 || writes[0].Operation != "PutKeyPolicy" || writes[0].Error != "" {
		return sandbox.SeenCall{}, fmt.Errorf("not one PutKeyPolicy that succeeded, but %v", writes)
	}
	return writes[0], nil
}

// missing is a stage that did not happen.
func missing(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return fmt.Errorf(format, args...)
}

func (s *stage) tellHealing(h healing) {
	start := aws.ToTime(h.group.CreatedTime)
	line := func(at time.Time, ink screen.Ink, label, text string) {
		moment := "     "
		if !at.IsZero() {
			moment = clock(start, at)
		}
		const column = 16
		pad := strings.Repeat(" ", column-len("  00:00  "+label))
		s.page.After(column, text, screen.Span{Text: "  " + moment + "  "}, screen.Span{Ink: ink, Text: label}, screen.Span{Text: pad})
	}
	var same time.Time
	f := h.finding
	s.page.Text(screen.Bold, s.part+web+"  "+enforcing+"  "+region)
	line(start, screen.Plain, "AWS", fmt.Sprintf("group created, desired %d", aws.ToInt32(h.group.DesiredCapacity)))
	line(aws.ToTime(h.failure.EndTime), screen.Bad, "AWS", string(h.failure.StatusCode)+": "+aws.ToString(h.failure.StatusMessage))
	line(f.at, screen.Bold, "KEY", fmt.Sprintf("%s, %s (its state is NOT the fault)", f.Alias, f.KeyState))
	for _, because := range f.Because {
		line(same, screen.Bold, "FROM", because)
	}
	line(same, screen.Bold, "ROLE", arn.Last(f.Principal))
	for _, miss := range f.NearMisses {
		line(same, screen.Bold, "WHY", miss.Text)
	}
	line(same, screen.Bold, "MISS", strings.Join(f.Missing[access.Denied], ", "))
	line(f.at, screen.Bold, "PLAN", steps(f.Record)+fmt.Sprintf(", %d others affected; sent by diagnose, request %s", f.OthersAffected, short(f.RequestID)))
	line(h.intent.at, screen.Bold, "INTENT", fmt.Sprintf("recorded %s by remediate, request %s", h.intent.RemediationID, short(h.intent.RequestID)))
	line(h.write.Time, screen.Bold, "WRITE", h.write.Operation+" as "+h.write.Caller[strings.Index(h.write.Caller, "/")+1:])
	line(h.outcome.at, screen.Good, "PROOF", fmt.Sprintf("evaluates as %s, %s", h.outcome.Proof.Decision, screen.Reads(h.outcome.Proof.EqualReads)))
	line(h.healed, screen.Good, "PROOF", strings.Join(h.inService, ", ")+" InService")
	took := h.healed.Sub(aws.ToTime(h.failure.EndTime)).Round(time.Second)
	line(h.seen.at, screen.Good, "HEALED", fmt.Sprintf("%d s after the failure; seen by the look that follows a change", int(took.Seconds())))
}

// short is enough of a request id to find it in a log.
func short(id string) string {
	head, _, _ := strings.Cut(id, "-")
	return head
}

// steps says what a record's steps write.
func steps(r record.Record) string {
	var out []string
	for _, step := range r.Steps {
		words := step.Words()
		out = append(out, strings.TrimSuffix(words.What+" ("+words.Which+")", " ()"))
	}
	return strings.Join(out, ", ")
}

// heard returns the event about web-prod's failed launch, as EventBridge
// delivered it.
func (a actor) heard(ctx context.Context, queue string) (string, error) {
	out, err := a.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10})
	if err != nil {
		return "", fmt.Errorf("receive the event: %w", err)
	}
	for _, m := range out.Messages {
		if strings.Contains(aws.ToString(m.Body), `"`+web+`"`) {
			return aws.ToString(m.Body), nil
		}
	}
	return "", fmt.Errorf("EventBridge delivered no event about %s", web)
}
