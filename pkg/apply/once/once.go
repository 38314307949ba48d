// Package once sends a call that changes something once, and says where nothing tells
// whether AWS carried it out.
package once

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"keymend/pkg/account"
)

// ErrUnsure says that a call was sent, and that nothing tells whether AWS carried it
// out: its answer didn't arrive, or was a fault of AWS's own.
var ErrUnsure = errors.New("it may have been written")

// ErrStale says that AWS shows something as it was before a write of this process. KMS
// is eventually consistent.
// https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html#programming-eventual-consistency
var ErrStale = errors.New("AWS doesn't show the last write to it yet")

// ErrOld says that so much time passed since a document was read that somebody may have
// edited it by now. Nothing was written.
var ErrOld = errors.New("AWS answers too slowly to edit it safely; nothing was written: try again")

// Fresh is how old a read may be when a document that rests on it is sent. KMS compares
// nothing: an edit that somebody makes in that time is lost. A write is proven by one more
// read after that time, where others of Keymend's may write, too.
const Fresh = 2 * time.Second

// Write makes a call that changes something. It sends it once: what was true when the
// call was made needn't be a second later. Once sent, no interrupt ends it. Its error
// is ErrUnsure where AWS may have carried it out all the same.
func Write[I, O, P any](ctx context.Context, call func(context.Context, *I, ...func(*P)) (*O, error), in *I) (*O, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sending, cancel := Uninterrupted(ctx)
	defer cancel()
	out, err := call(sending, in)
	if dial, ok := errors.AsType[*net.OpError](err); err == nil || account.Final(err) || ok && dial.Op == "dial" {
		return out, err
	}
	return out, fmt.Errorf("%w: %w", ErrUnsure, err)
}

// Uninterrupted returns a context that an interrupt doesn't end, but a deadline does.
func Uninterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	const most = 2 * time.Minute // an end for whoever has no deadline
	free := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(free, deadline)
	}
	return context.WithTimeout(free, most)
}
