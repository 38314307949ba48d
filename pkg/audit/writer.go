// Package audit writes records and their metrics: one JSON object a line, so that
// CloudWatch Logs is the archive.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"keymend/pkg/record"
)

// A Writer writes records as JSON lines, each followed by its metrics as a line
// of CloudWatch's embedded metric format. It is safe for concurrent use.
type Writer struct {
	Out       io.Writer
	Now       func() time.Time
	Version   string                       // of Keymend
	Settings  string                       // digest of the settings
	RequestID func(context.Context) string // nil: records carry none
	Hub       func(context.Context) string // account and Region of an organization's hub; nil: there is none
	NoMetrics bool                         // write records only

	mu sync.Mutex
}

// Write completes the record (schema, time, version, settings, request id) and
// writes it. A record that couldn't be written is an error: what can't be recorded
// must not be done.
func (w *Writer) Write(ctx context.Context, r record.Record) error {
	r.Schema, r.Time, r.Version, r.Settings = record.Schema, w.Now().UTC(), w.Version, w.Settings
	if w.RequestID != nil {
		r.RequestID = w.RequestID(ctx)
	}
	if w.Hub != nil {
		r.Hub = w.Hub(ctx)
	}
	text, err := r.Line()
	if err != nil {
		return fmt.Errorf("write audit record %s: %w", r.ID, err)
	}
	if !w.NoMetrics {
		metrics, err := json.Marshal(metricsOf(r))
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
