// Package verify proves that a write took: it reads until several reads in a row
// agree. KMS is eventually consistent, so one read proves little.
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
	Interval time.Duration // between two reads
	Limit    int           // reads in all; 0 = four times Reads
	Sleep    func(context.Context, time.Duration) error
}

// Until calls read until Reads consecutive answers have the same digest and are
// good. It returns how many agreed at the end, with ErrNotSettled or the
// context's error where that was fewer than Reads.
func Until(ctx context.Context, o Options, read func(context.Context) (digest string, good bool, err error)) (int, error) {
	limit := o.Limit
	if limit == 0 {
		limit = 4 * o.Reads
	}
	last, equal := "", 0
	for i := range limit {
		if i > 0 {
			if err := o.Sleep(ctx, o.Interval); err != nil {
				return equal, fmt.Errorf("wait for the change: %w", err)
			}
		}
		digest, good, err := read(ctx)
		switch {
		case err != nil:
			return equal, err
		case !good:
			equal = 0
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
