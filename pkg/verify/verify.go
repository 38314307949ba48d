// Package verify shows that a write took: it reads until a read is good, or several in
// a row are and agree. KMS is eventually consistent, so that a read proves little: the
// proof that counts is the launch that follows.
// https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html
package verify

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNotSettled says that the reads didn't agree in time, or that they never
// were good.
var ErrNotSettled = errors.New("the change could not be seen in time")

// Options say how long to look.
type Options struct {
	Reads    int           // consecutive reads that must agree and be good
	Interval time.Duration // between two reads; after one that isn't good at first an eighth of it, then longer
	Limit    int           // reads in all; 0 = four times Reads, and twenty at least
	Sleep    func(context.Context, time.Duration) error
}

// longest is how long the pauses between reads may last together: the function that
// reads has a minute.
const longest = 40 * time.Second

// Until calls read until Reads consecutive answers have the same digest and are
// good. It returns how many agreed at the end, with ErrNotSettled or the
// context's error where that was fewer than Reads.
func Until(ctx context.Context, o Options, read func(context.Context) (digest string, good bool, err error)) (int, error) {
	const least = 20
	limit := o.Limit
	if limit == 0 {
		limit = max(4*o.Reads, least)
	}
	last, equal, bad := "", 0, 0
	var pause, paused time.Duration
	for i := range limit {
		if paused += pause; paused > longest {
			break
		}
		if i > 0 {
			if err := o.Sleep(ctx, pause); err != nil {
				return equal, fmt.Errorf("wait for the change: %w", err)
			}
		}
		digest, good, err := read(ctx)
		pause = o.Interval
		switch {
		case err != nil:
			return equal, err
		case !good:
			equal, pause = 0, o.soon(bad)
			bad++
		case digest == last:
			equal++
		default:
			equal = 1
		}
		last = digest
		if equal == o.Reads {
			return equal, nil
		}
	}
	return equal, fmt.Errorf("%d of %d reads agreed: %w", equal, o.Reads, ErrNotSettled)
}

// soon is the pause after so many reads that weren't good: most often KMS shows a write
// within a second.
func (o Options) soon(bad int) time.Duration { return o.Interval >> max(0, 3-bad) }
