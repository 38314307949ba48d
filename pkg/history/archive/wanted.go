package archive

import (
	"slices"
	"strings"
	"time"

	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/record"
)

// A Wanted says which entries are asked for. An empty field asks for any.
type Wanted struct {
	Group           string
	Key             string // ARN, id, or alias as in alias/NAME
	Account, Region string // of the group
	Standings       []Standing
	Since           time.Time
	All             bool // those that matter to nobody, too
}

// Choose returns the entries that are asked for, newest first.
func (w Wanted) Choose(all []Entry) []Entry {
	var out []Entry
	keys := w.keys(all)
	for _, e := range slices.Backward(all) {
		if w.wants(e) && (w.Key == "" || e.touches(keys)) {
			out = append(out, e)
		}
	}
	return out
}

func (w Wanted) wants(e Entry) bool {
	last := e.Last()
	switch {
	case w.Group != "" && last.Group != w.Group, w.Account != "" && last.Account != w.Account, w.Region != "" && last.Region != w.Region:
		return false
	case last.Time.Before(w.Since):
		return false
	case len(w.Standings) > 0:
		return slices.Contains(w.Standings, e.Standing())
	}
	return w.All || e.Matters()
}

// keys are the keys that go by the name: that have the alias by any record, since an
// alias may be moved.
func (w Wanted) keys(all []Entry) []string {
	out := []string{w.Key}
	for _, e := range all {
		for _, r := range e.Records {
			if r.Key != "" && r.Alias != "" && r.Alias == w.alias() && !slices.Contains(out, r.Key) {
				out = append(out, r.Key)
			}
		}
	}
	return out
}

// alias is the name of the alias that is asked for; "" = a key is.
func (w Wanted) alias() string {
	name := w.Key
	if a, ok := arn.Parse(w.Key); ok {
		name = a.Resource
	}
	if strings.HasPrefix(name, "alias/") {
		return name
	}
	return ""
}

// touches reports whether a record is about one of the keys, or changes one.
func (e Entry) touches(keys []string) bool {
	about := func(key string) bool {
		return key != "" && slices.ContainsFunc(keys, func(k string) bool { return k == key || strings.HasSuffix(key, ":key/"+k) })
	}
	return slices.ContainsFunc(e.Records, func(r record.Record) bool {
		return about(r.Key) || slices.ContainsFunc(r.Steps, func(s change.Step) bool { return about(s.At().Key) })
	})
}
