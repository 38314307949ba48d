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

// Account looks over the Regions of an account, as a message of Sweep's says. A Region
// where something went wrong that passes goes apart, with a message of its own; of one
// that was apart already the error is returned: the message has to come again.
func (d *Dispatcher) Account(ctx context.Context, looks signal.Looks) error {
	over := d.over(ctx, looks)
	of := record.SweepOf{Full: looks.Full, Asked: looks.Asked.UTC().Format(time.RFC3339)}
	var again []signal.Looks
	for _, one := range over {
		switch err := one.err; {
		case err == nil && one.groups > 0:
			of.Regions = append(of.Regions, one.region)
		case err == nil:
		case refused(err):
			of.Skipped = append(of.Skipped, looks.Account+": "+oneLine(err))
		case account.AccessDenied(err), account.Final(err):
			of.Skipped = append(of.Skipped, one.region+": "+oneLine(err))
		case len(looks.Regions) == 1:
			return fmt.Errorf("look over account %s, %s: %w", looks.Account, one.region, err)
		default:
			l := looks
			l.Region, l.Regions = one.region, []string{one.region}
			again = append(again, l)
		}
	}
	if looks.Noted && len(of.Regions)+len(of.Skipped) > 0 {
		r := record.Record{Phase: record.Swept, Account: looks.Account, Region: looks.Region, Signal: looks.Name(), Mode: d.Mode, Sweep: &of}
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
