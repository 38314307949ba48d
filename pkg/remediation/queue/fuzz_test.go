package queue_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keymend/pkg/apply/table"
	"keymend/pkg/outcome"
	"keymend/pkg/signal"
)

// Any body at all ends as one record of a change or as one that it isn't any, and
// never comes again for what it is.
func FuzzChanges(f *testing.F) {
	f.Add(message("1"))
	f.Add(`{}`)
	f.Add(`null`)
	f.Add(`{"schema":"keymend.change/1","steps":[null]}`)
	f.Add(strings.Replace(message("1"), "CreateGrant", "DeleteKey", 1))
	for _, kind := range table.Kinds() {
		f.Add(strings.Replace(message("1"), `"CreateGrant",`, `"`+kind.Name+`",`, 1))
		f.Add(strings.Replace(message("1"), `"CreateGrant",`, `"`+kind.Name+`","source":"ami-1","grant":{"key":"k"},"role":"r","template":"lt-1","group":"g",`, 1))
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, times := range []string{"1", "2"} {
			s := &shift{}
			out, err := s.onChanges().Handle(t.Context(), delivered(times, body))
			if err != nil || failed(out) != "" || len(s.records) != 1 || len(s.logged) != 0 {
				t.Errorf("delivery %s: %v, %q, %d records, %v", times, err, failed(out), len(s.records), s.logged)
				continue
			}
			if r := s.records[0]; len(s.looks) > 0 && (r.Group == "" || len(r.Account) != 12 || len(r.Steps) == 0 || r.RemediationID == "") {
				t.Errorf("delivery %s: %+v", times, r)
			}
		}
	})
}

// Any body at all ends as a look or a record, and never as a panic. What a sweep finds
// nothing new about leaves no record, nor does what comes all day; what names no group
// asks for looks.
func FuzzSignals(f *testing.F) {
	f.Add(`{}`)
	f.Add(`{"source":"aws.autoscaling","detail-type":"EC2 Instance Launch Unsuccessful","account":"111122223333","region":"eu-west-1","detail":{"AutoScalingGroupName":"g"}}`)
	samples, err := filepath.Glob("../../signal/testdata/events/*.json")
	if err != nil || len(samples) == 0 {
		f.Fatalf("%d samples, %v", len(samples), err)
	}
	for _, name := range samples {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, body string) {
		s := &shift{}
		out, err := s.onSignals().Handle(t.Context(), batch(body))
		if quiet(body) && err == nil && failed(out) == "" && len(s.logged) == 0 {
			return
		}
		if err != nil || failed(out) != "" || len(s.records) != 1 || len(s.logged) != 0 {
			t.Fatalf("%v, %q, %d records, %v", err, failed(out), len(s.records), s.logged)
		}
		r := s.records[0]
		if looked := r.Outcome != outcome.Ignored && r.Outcome != outcome.NotKMS; looked != (len(s.looks) == 1) || looked && (r.Group == "" || r.Account == "" || r.Region == "" || r.Signal == "asked") {
			t.Errorf("%+v", r)
		}
	})
}

func quiet(body string) bool {
	s, err := signal.Decode([]byte(body), "")
	switch s.(type) {
	case signal.Sweep, signal.Looks:
		return true
	}
	why, ignored := errors.AsType[*signal.Ignored](err)
	return ignored && why.Usual
}
