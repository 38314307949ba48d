// Package dispatch has the accounts of an organization looked over. A schedule asks for a
// sweep; that becomes a message for each account, spread over the time to the next sweep;
// and each of those looks over the account's Regions side by side, as a sweep of one
// account and Region does. An account or Region that AWS throttles, that is suspended or
// that refuses holds up no other.
//
// A full sweep goes to every account and Region. To look at 17,000 of those every quarter
// of an hour would be 49 million calls a month, so a recent sweep goes only where the last
// two that went to all found groups, or where findings are open. The audit log remembers
// where that is: there is no database.
package dispatch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"keymend/pkg/account"
	"keymend/pkg/history"
	"keymend/pkg/record"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
)

// An Account is one of the organization's.
type Account struct{ ID, State string }

// active is the state of an account in which something can run.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
const active = "ACTIVE"

// A Dispatcher hands sweeps on.
type Dispatcher struct {
	// Accounts lists a page of the organization's accounts, and says where the list goes
	// on; "" = it ends.
	Accounts func(ctx context.Context, next string) ([]Account, string, error)
	// Past hands on the records of diagnose's log that a query asks for, between two times, as
	// record.ParseShort reads them.
	Past func(ctx context.Context, q record.Query, from, to time.Time, each func(history.Entry)) error
	// Send sends messages to the queue of looks, each after a while. Over looks over one
	// account and Region, and returns how many groups there are.
	Send func(ctx context.Context, all []signal.Looks, after []time.Duration) error
	Over func(ctx context.Context, s signal.Sweep) (int, error)

	Write   func(ctx context.Context, r record.Record) error // to the audit log
	Regions []string                                         // that are governed from here
	Mode    settings.Mode
	Now     func() time.Time
}

// How long parts of a dispatch may take; all of them, and the sending, fit into an
// invocation.
const (
	toRemember = 10 * time.Second
	toFind     = 10 * time.Second
	toList     = 20 * time.Second
)

const (
	// spread is the time over which the accounts' messages are spread: nearly as long as
	// SQS delays a message, and less than the time to the next sweep.
	spread = 10 * time.Minute
	// often is how old the last sweep may be that went to all, for a recent one not to:
	// one full sweep may be late, or fail.
	often = 7 * time.Hour
	// back is as far as the log is read for sweeps, findBack for findings: as far as a
	// sweep of one account does.
	back, findBack = 2 * often, 30 * time.Hour
)

// memory is what the log tells of earlier sweeps.
type memory struct {
	known   []string            // accounts that were listed last
	listed  time.Time           // when
	groups  map[string][]string // Regions by account
	refused map[string][]string // by account: Regions, or the account
	all     bool                // this sweep goes to every account and Region
	unended map[string][]string // Regions by account in which findings are open
	lost    error               // why what sweeps found isn't remembered; nil = it is
	blind   error               // the same of findings
}

// says is what a record says of what isn't remembered.
func (m memory) says() []string {
	var out []string
	if m.lost != nil {
		out = append(out, "the log about earlier sweeps couldn't be read, so this one goes to every account and Region: "+oneLine(m.lost))
	}
	if m.blind != nil {
		out = append(out, "the log about findings couldn't be read, so those that nothing is found of any more are ended by a later sweep: "+oneLine(m.blind))
	}
	return out
}

// Sweep hands a sweep on. The error is transient, or neither the accounts nor the log could
// be read: the sweep has to come again.
func (d *Dispatcher) Sweep(ctx context.Context, s signal.Sweep) error {
	m := d.remember(ctx, s)
	l := d.list(ctx, s, m)
	if l.err != nil && m.lost != nil && len(l.active) == 0 {
		return fmt.Errorf("read where a sweep has to go: %w", errors.Join(m.lost, l.err))
	}
	of := record.SweepOf{
		Full: s.Full, All: m.all, Asked: s.Time.UTC().Format(time.RFC3339), Regions: d.Regions,
		Accounts: l.active, Skipped: l.skipped, Unlisted: l.err != nil, More: l.next != "",
	}
	if at := l.read; !at.IsZero() {
		of.Listed = at.UTC().Format(time.RFC3339)
	}
	r := record.Record{Phase: record.Swept, Region: s.Region, Signal: s.Name(), EventIDs: []string{s.ID}, Mode: d.Mode, Sweep: &of}
	reasons := m.says()
	if l.err != nil {
		reasons = append(reasons, "the organization's accounts couldn't be listed, and those count that were listed before: "+oneLine(l.err))
	}
	r.Reason = strings.Join(reasons, "; ")
	messages := d.messages(s, m, l)
	after := make([]time.Duration, len(messages))
	for i := range messages {
		after[i] = (spread * time.Duration(i) / time.Duration(len(messages))).Truncate(time.Second)
	}
	if l.next != "" { // the rest of the list, at once
		messages, after = append(messages, d.looks(s, signal.Looks{Account: s.Account, Region: s.Region, Next: l.next})), append(after, 0)
	}
	if err := d.Send(ctx, messages, after); err != nil {
		return fmt.Errorf("send the accounts of %s: %w", s.Name(), err)
	}
	of.Messages = len(messages)
	return d.Write(ctx, r)
}

// remember reads the log, which is largest when sweeps matter most: no sweep waits for what
// it doesn't tell in time. Without where groups were, this one goes everywhere. Without
// where findings are open, none is ended by it: that each account's own sweep read so much
// of the log instead would have AWS throttle them all.
func (d *Dispatcher) remember(ctx context.Context, s signal.Sweep) memory {
	var m memory
	var past history.Sweeps
	m.lost = d.read(ctx, toRemember, record.Where("phase", string(record.Swept)), s.Time.Add(-back), s.Time, past.Add)
	m.known, m.listed = past.Listed()
	groups, to := past.Groups()
	m.groups, m.refused, m.all = groups, past.Refused(), s.Full || m.lost != nil || s.Time.Sub(to) > often
	var findings history.Findings
	if m.blind = d.read(ctx, toFind, record.Where("id", "f-*"), s.Time.Add(-findBack), s.Time, findings.Add); m.blind == nil {
		m.unended = findings.Places(s.Time)
	}
	return m
}

func (d *Dispatcher) read(ctx context.Context, within time.Duration, q record.Query, from, now time.Time, each func(history.Entry)) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return d.Past(ctx, q, from, now.Add(time.Hour), each)
}

// errNobody is a list that can't be right: the hub's own account is active.
var errNobody = errors.New("the list names no active account")

// listing are the accounts that a sweep is handed to.
type listing struct {
	active, skipped []string
	read            time.Time // when they were listed
	next            string    // where the list goes on
	err             error     // why it is an earlier one; nil = it isn't
}

// list reads which accounts there are. Where that can't be read, for whatever reason,
// those count that were listed last: Organizations is one service in one Region, and
// groups fail all the same.
func (d *Dispatcher) list(ctx context.Context, s signal.Sweep, m memory) listing {
	ctx, cancel := context.WithTimeout(ctx, toList)
	defer cancel()
	l, next := listing{read: s.Time}, s.Next
	for began := d.Now(); ; {
		page, more, err := d.Accounts(ctx, next)
		if err != nil {
			return listing{active: m.known, read: m.listed, err: err}
		}
		for _, a := range page {
			if a.State == active {
				l.active = append(l.active, a.ID)
			} else {
				l.skipped = append(l.skipped, a.ID+" is "+cmp.Or(a.State, "in no state that is told"))
			}
		}
		switch next = more; {
		case next == "" && s.Next == "" && len(l.active) == 0:
			return listing{active: m.known, read: m.listed, err: errNobody}
		case next == "" || d.Now().Sub(began) > toList/2:
			l.next = next
			return l
		}
	}
}

// messages are one for each account that is looked over, in the order of their ids: an
// account has about the same time after each sweep's beginning.
func (d *Dispatcher) messages(s signal.Sweep, m memory, l listing) []signal.Looks {
	var out []signal.Looks
	for _, id := range slices.Sorted(slices.Values(l.active)) {
		regions, noted := d.Regions, true
		if _, known := slices.BinarySearch(m.known, id); !m.all && known {
			regions, noted = d.governed(slices.Concat(m.groups[id], m.unended[id])), false
		}
		if len(regions) == 0 {
			continue
		}
		one := signal.Looks{Account: id, Region: regions[0], Regions: regions, Unended: d.governed(m.unended[id]), Noted: noted, Refused: m.refused[id]}
		out = append(out, d.looks(s, one))
	}
	return out
}

// governed are those of some Regions that are governed from here, each once.
func (d *Dispatcher) governed(regions []string) []string {
	some := map[string]bool{}
	for _, r := range regions {
		if slices.Contains(d.Regions, r) {
			some[r] = true
		}
	}
	return slices.Sorted(maps.Keys(some))
}

func (d *Dispatcher) looks(s signal.Sweep, l signal.Looks) signal.Looks {
	l.Schema, l.Asked, l.Full = signal.LooksSchema, s.Time, s.Full
	return l
}

// refused reports whether an account doesn't let Keymend in.
func refused(err error) bool {
	d, denied := account.DenialOf(err)
	return denied && d.Action == "sts:AssumeRole"
}
