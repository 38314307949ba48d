package audit

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// A Writer writes records as JSON lines, each followed by its metrics as a line
// of CloudWatch's embedded metric format. It is safe for concurrent use.
type Writer struct {
	Out       io.Writer
	Now       func() time.Time
	Version   string                       // of Keymend
	Settings  string                       // digest of the settings
	RequestID func(context.Context) string // nil: records carry none
	NoMetrics bool                         // write records only

	mu sync.Mutex
}

// Write completes the record (schema, time, version, settings, request id) and
// writes it, shorter than CloudWatch Logs' limit for an event. A record that couldn't be written is an error: what can't be
// recorded must not be done.
func (w *Writer) Write(ctx context.Context, r Record) error {
	r.Schema, r.Time, r.Version, r.Settings = Schema, w.Now().UTC(), w.Version, w.Settings
	if w.RequestID != nil {
		r.RequestID = w.RequestID(ctx)
	}
	text, err := r.line()
	if err != nil {
		return fmt.Errorf("write audit record %s: %w", r.ID, err)
	}
	if !w.NoMetrics {
		metrics, err := encode(metricsOf(r))
		if err != nil {
			return fmt.Errorf("write metrics of audit record %s: %w", r.ID, err)
		}
		text = append(append(text, '\n'), metrics...)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.Out.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("write audit record %s: %w", r.ID, err)
	}
	return nil
}
