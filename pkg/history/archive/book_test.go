package archive_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/history/archive"
	"keymend/pkg/kind/statements"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// A book says the same of records in any order, and however often it has them.
func TestBookInAnyOrder(t *testing.T) {
	t.Parallel()
	story := "f:no-fix r-1:proposed r-1:intent r-1:fixed proof:recovered gone:r-1 other/r-2:sent other/r-2:intent other/r-2:fixed other/r-2:undoing other/r-2:undone"
	var want []string
	for _, e := range archive.Entries(told(story)) {
		want = append(want, says(e))
	}
	for range 50 {
		records := append(told(story), told(story)...)
		rand.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		var b archive.Book
		for _, r := range records {
			b.Add(r)
		}
		var got []string
		for _, e := range b.Entries() {
			got = append(got, says(e))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		if !b.Oldest.Equal(at(0)) {
			t.Fatalf("the oldest is of %s", b.Oldest)
		}
	}
}

// Of what sweeps say again and again it keeps one, and of documents none; asked for the
// whole, it keeps all.
func TestBookKeepsLittle(t *testing.T) {
	t.Parallel()
	records := told(strings.Repeat("f:no-fix ", 1000) + "r-1:intent r-1:fixed")
	for i := range records {
		records[i].Before, records[i].Trace = "{}", record.Lines{"line"}
	}
	little, whole := archive.Book{}, archive.Book{Whole: true}
	for _, r := range records {
		little.Add(r)
		whole.Add(r)
	}
	little.Add(record.Record{Phase: record.Swept, Time: at(0)})
	all := little.Entries()
	if len(all) != 2 || len(all[0].Records) != 1 || !all[0].Last().Time.Equal(at(999)) {
		t.Errorf("%+v", all)
	}
	change := all[1].Change()
	step, ok := change.Steps[0].(statements.Add)
	if change.Before != "" || change.Trace != nil || !ok || step.After != "" || step.Words().Brief != "1 statement" || change.Outcome != outcome.Fixed {
		t.Errorf("%+v", change)
	}
	for _, e := range whole.Entries() {
		if r := e.Last(); r.Before != "{}" || len(r.Trace) != 1 {
			t.Errorf("%+v", r)
		}
	}
}

// A log of many thousand records is read in a moment.
func BenchmarkBook(b *testing.B) {
	story := strings.Repeat("f:no-fix r-1:sent r-1:intent r-1:fixed proof:recovered ", 2000)
	records := told(story)
	for i := range records {
		id := string(rune('a'+i/5%26)) + string(rune('a'+i/130%26)) + string(rune('a'+i/3380%26))
		records[i].ID = "f-" + id
		if records[i].RemediationID != "" {
			records[i].RemediationID = "r-" + id
		}
	}
	for b.Loop() {
		var book archive.Book
		for _, r := range records {
			book.Add(r)
		}
		if n := len(archive.Wanted{}.Choose(book.Entries())); n != 2000 {
			b.Fatal(n)
		}
	}
}
