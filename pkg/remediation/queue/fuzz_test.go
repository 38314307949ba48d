package queue_test

import (
	"strings"
	"testing"
)

// Any body at all ends as a change or a record, and never comes again for what
// it is.
func FuzzChanges(f *testing.F) {
	f.Add(message("1"))
	f.Add(`{}`)
	f.Add(`null`)
	f.Add(`{"schema":"keymend.change/1","steps":[null]}`)
	f.Add(strings.Replace(message("1"), "CreateGrant", "DeleteKey", 1))
	f.Fuzz(func(t *testing.T, body string) {
		s := &shift{}
		out, err := s.onChanges().Handle(t.Context(), batch(body))
		if err != nil || failed(out) != "" || len(s.messages)+len(s.records) != 1 {
			t.Errorf("%v, %q, %d changes, %d records", err, failed(out), len(s.messages), len(s.records))
		}
		for _, m := range s.messages {
			if m.Group == "" || len(m.Account) != 12 || len(m.Steps) == 0 || !strings.HasPrefix(m.Target, "arn:") {
				t.Errorf("%+v", m)
			}
		}
	})
}
