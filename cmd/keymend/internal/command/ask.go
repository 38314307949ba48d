package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
)

// errNo says that the person was asked, and said no.
var errNo = errors.New("the answer was no")

// askable refuses to write where nobody can be asked and nobody said yes beforehand.
func (p *program) askable(applies, yes bool) error {
	if applies && !yes && !p.Asks {
		return misused("--apply asks before it writes, and nobody can be asked here: add --yes. Nothing was changed")
	}
	return nil
}

// ask puts a question to the person. Whatever isn't y or yes is a no. Its error is the
// context's.
func (p *program) ask(ctx context.Context, question string) (bool, error) {
	p.quiet()
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("ask: %w", err)
	}
	_, _ = fmt.Fprintf(p.Err, "%s [y/N] ", question) // an error here is no answer below
	if p.input == nil {
		p.input = bufio.NewReader(p.In)
	}
	answers := make(chan string, 1)
	go func() {
		line, _ := p.input.ReadString('\n')
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case answer := <-answers:
		return answer == "y" || answer == "yes", nil
	case <-ctx.Done():
		_, _ = fmt.Fprintln(p.Err) // below what was typed
		return false, fmt.Errorf("ask: %w", ctx.Err())
	}
}

// answered ends a command to which the answer was no: nothing was changed. Other errors
// stay.
func (p *program) answered(err error) error {
	if !errors.Is(err, errNo) {
		return err
	}
	p.code = report.Fixable
	page := p.page()
	if p.json() {
		page = screen.New(p.Err, false)
	}
	page.Text(screen.Bold, "Nothing changed.")
	return page.Flush()
}

// A localQueue is a queue of one run.
type localQueue []remediation.Message

// Send implements remediation.Queue.
func (p *localQueue) Send(_ context.Context, m remediation.Message) error {
	*p = append(*p, m)
	return nil
}

// An applier carries out what a look found, as far as the person says yes to it.
type applier struct {
	*program
	s   session
	x   *remediation.Fixer
	log *auditLog
	yes bool

	agreed map[string]bool // digests of the plans that the person said yes to
}

// carryOut carries out messages, and what follows from them. As in the queue, an equal
// message isn't carried out a second time. What is written is what the person was shown:
// where the facts changed since, the fresh plan is shown, and they are asked again.
func (a applier) carryOut(ctx context.Context, messages localQueue) error {
	a.x.Queue, a.agreed = &messages, map[string]bool{}
	if !a.yes {
		a.x.Agreed = func(digest string) bool { return a.agreed[digest] }
	}
	shown := a.log.records
	for seen := map[string]bool{}; len(messages) > 0; {
		if err := a.asks(ctx, messages, shown); err != nil {
			return err
		}
		m := messages[0]
		messages = messages[1:]
		if seen[m.Digest] {
			continue
		}
		seen[m.Digest] = true
		m.Delivery = remediation.Delivery{Sent: time.Now(), Receives: 1}
		err := a.carryOne(ctx, m)
		unasked, changed := errors.AsType[*remediation.UnaskedError](err)
		switch shown = a.log.records; {
		case changed:
			messages, shown = slices.Insert(messages, 0, unasked.Message), append(slices.Clip(shown), unasked.Record)
		case err != nil:
			return err
		}
	}
	return nil
}

func (a applier) carryOne(ctx context.Context, m remediation.Message) error {
	defer a.busy("changing it, and reading it back")()
	_, err := a.x.Remediate(ctx, m)
	return err //nolint:wrapcheck // handle says what was done
}

// asks shows what is about to be written, and asks once about all that nobody said yes
// to. The newest record with a plan's digest says what the plan is about.
func (a applier) asks(ctx context.Context, messages localQueue, records []record.Record) error {
	q := report.Question{Place: a.s.place, As: a.s.arn, Again: len(a.agreed) > 0}
	for _, m := range messages {
		if a.agreed[m.Digest] {
			continue
		}
		a.agreed[m.Digest] = true
		for _, r := range slices.Backward(records) {
			if r.Digest == m.Digest && r.Plan != nil {
				q.Changes = append(q.Changes, r)
				break
			}
		}
	}
	if len(q.Changes) == 0 {
		return nil
	}
	return a.confirm(ctx, q.Show, a.yes)
}

// confirm shows on standard error what is about to be written, and asks, unless the
// person said yes beforehand.
func (p *program) confirm(ctx context.Context, show func(*screen.Page), yes bool) error {
	p.quiet()
	page := screen.New(p.Err, p.coloured(p.Err)).Within(screen.Columns(p.Err, p.Getenv))
	show(page)
	if err := page.Flush(); err != nil || yes {
		return err
	}
	answer, err := p.ask(ctx, "Write it?")
	p.shown = true
	if err == nil && !answer {
		return errNo
	}
	return err
}
