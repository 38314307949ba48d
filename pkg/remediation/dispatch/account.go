package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"keymend/pkg/account"
	"keymend/pkg/record"
	"keymend/pkg/signal"
	"keymend/pkg/together"
)

// How long an account's Regions may take together, and one that is alone: a batch has
// other messages besides.
const (
	toLookOver = 20 * time.Second
	toLookAt   = 40 * time.Second
)

// apart is when a Region is looked over by itself, which couldn't be with the others.
const apart = time.Minute

// Account looks over the Regions of an account, as a message of Sweep's says. What refuses
// is on record once, until that changes or a sweep that goes to all tells it again. A Region
// where something went wrong that passes goes apart, with a message of its own; of one
// that was apart already the error is returned: the message has to come again.
func (d *Dispatcher) Account(ctx context.Context, looks signal.Looks) error {
	of := record.SweepOf{Full: looks.Full, Asked: looks.Asked.UTC().Format(time.RFC3339)}
	var again []signal.Looks
	var told, refuse []string // of what this tells; and what refuses
	for _, one := range d.over(ctx, looks) {
		switch err := one.err; {
		case err == nil:
			if one.groups > 0 {
				of.Regions = append(of.Regions, one.region)
			}
		case refused(err):
			refuse, of.Skipped = append(refuse, looks.Account), append(of.Skipped, looks.Account+": "+oneLine(err))
		case account.AccessDenied(err), account.Final(err):
			refuse, of.Skipped = append(refuse, one.region), append(of.Skipped, one.region+": "+oneLine(err))
		case len(looks.Regions) == 1:
			return fmt.Errorf("look over account %s, %s: %w", looks.Account, one.region, err)
		default:
			l := looks
			l.Region, l.Regions = one.region, []string{one.region}
			again = append(again, l)
			continue
		}
		told = append(told, looks.Account, one.region)
	}
	r := record.Record{Phase: record.Swept, Account: looks.Account, Region: looks.Region, Signal: looks.Name(), Mode: d.Mode, Sweep: &of}
	begun, ended := without(refuse, looks.Refused), without(looks.Refused, refuse)
	ended = slices.DeleteFunc(ended, func(name string) bool { return !slices.Contains(told, name) })
	if len(ended) > 0 {
		r.Reason = "refuses no more: " + strings.Join(ended, ", ")
	}
	if len(begun)+len(ended) > 0 || looks.Noted && len(of.Regions)+len(of.Skipped) > 0 {
		if err := d.Write(ctx, r); err != nil {
			return err
		}
	}
	if len(again) == 0 {
		return nil
	}
	after := make([]time.Duration, len(again))
	for i := range after {
		after[i] = apart
	}
	return d.Send(ctx, again, after)
}

// without returns those of a that aren't among b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(name string) bool { return slices.Contains(b, name) })
}

// looked is what came of looking over a Region.
type looked struct {
	region string
	groups int
	err    error
}

// over looks over the first Region, and where the account lets Keymend in, the others
// side by side.
func (d *Dispatcher) over(ctx context.Context, looks signal.Looks) []looked {
	within := toLookOver
	if len(looks.Regions) == 1 {
		within = toLookAt
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	out := make([]looked, len(looks.Regions))
	look := func(i int) {
		s := signal.Sweep{Event: signal.Event{Account: looks.Account, Region: looks.Regions[i], Time: looks.Asked}, Full: looks.Full, Ended: !slices.Contains(looks.Unended, looks.Regions[i])}
		groups, err := d.Over(ctx, s)
		out[i] = looked{s.Region, groups, err}
	}
	look(0)
	if refused(out[0].err) {
		return out[:1]
	}
	var tasks []func() error
	for i := 1; i < len(out); i++ {
		tasks = append(tasks, func() error { look(i); return nil })
	}
	_ = together.Do(tasks...) // what went wrong is in out
	return out
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
