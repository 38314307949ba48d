package wiring

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"keymend/pkg/history"
	"keymend/pkg/permission"
	"keymend/pkg/record"
)

// Asked knows of which findings people were told that have to act: by the functions'
// logs, and by what this process wrote a moment ago, which they may not show yet. It is
// safe for concurrent use.
type Asked struct {
	// Read hands on each record of the functions' logs about a finding since a time.
	Read func(ctx context.Context, id string, since time.Time, each func(history.Entry)) error

	mu   sync.Mutex
	mine []history.Entry
}

const (
	// askedBack is as far as logs are read. A sweep writes what stays at least once a day,
	// and ends what it wrote within 30 hours.
	askedBack = 30 * time.Hour
	// showsAfter is when logs show what was written at the latest.
	showsAfter = 5 * time.Minute
)

// asked is nil where the settings name no topic: then nothing is read.
func (a AWS) asked() *Asked {
	if a.Settings.ActionTopic == "" {
		return nil
	}
	return &Asked{Read: func(ctx context.Context, id string, since time.Time, each func(history.Entry)) error {
		read := func(function permission.Role) error {
			return a.log(function, a.Own.Region).short(ctx, record.Where("id", id), since, time.Time{}, each)
		}
		return errors.Join(read(permission.Diagnose), read(permission.Remediate))
	}}
}

// open reports whether people were told of a finding, and not that it is over. With an
// error it is by what this process wrote alone: half of a log may lack the end.
func (a *Asked) open(ctx context.Context, id string) (bool, error) {
	var told history.Asked
	err := a.Read(ctx, id, time.Now().Add(-askedBack), told.Add)
	if err != nil {
		told = history.Asked{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range a.mine {
		if w.ID == id {
			told.Add(w)
		}
	}
	return told.Open(), err
}

// add remembers a record that was written.
func (a *Asked) add(r record.Record) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.mine = append(slices.DeleteFunc(a.mine, func(w history.Entry) bool { return now.Sub(w.At) > showsAfter }),
		history.Entry{At: now, Record: record.Record{ID: r.ID, Phase: r.Phase, Outcome: r.Outcome}})
}
