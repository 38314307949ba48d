package record_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/record"
)

func TestOtherLinesAreNoRecords(t *testing.T) {
	t.Parallel()
	for line, broken := range map[string]bool{
		``:                                                     false,
		`START RequestId: 1`:                                   false,
		`[{"schema":"keymend.audit/2"}]`:                       false,
		`{"_aws":{},"Findings":1}`:                             false,
		`{"schema":"keymend.audit/3"}`:                         false,
		`{"schema":"keymend.audit/2","desired`:                 true,
		`{"schema":"keymend.audit/1","desired`:                 true,
		`{"schema":"keymend.audit/2","desired":"two"}`:         true,
		`{"schema":"keymend.audit/2","undo":"[5]"}`:            true,
		`{"schema":"keymend.audit/2","trace":["a list, of 1"]`: true,
	} {
		if _, ok, err := record.Parse([]byte(line), kinds()); ok || (err != nil) != broken {
			t.Errorf("%s: %v, %v", line, ok, err)
		}
	}
}

// What is missing is told by decision. Earlier versions wrote one list, which is the
// record's decision's.
func TestMissingIsByDecision(t *testing.T) {
	t.Parallel()
	d, u := access.Denied, access.Unknown
	for text, want := range map[string]record.Missing{
		`"decision":"Denied","missing":{"Denied":"CreateGrant\nDecrypt","Unknown":"ReEncryptTo"}`: {d: {"CreateGrant", "Decrypt"}, u: {"ReEncryptTo"}},
		`"decision":"Denied","missing":{"Unknown":["Decrypt"]}`:                                   {u: {"Decrypt"}},
		`"decision":"Denied","missing":"CreateGrant\nDecrypt"`:                                    {d: {"CreateGrant", "Decrypt"}},
		`"decision":"Denied","missing":["CreateGrant","Decrypt"]`:                                 {d: {"CreateGrant", "Decrypt"}},
		`"decision":"Unknown","missing":"Decrypt"`:                                                {u: {"Decrypt"}},
		`"decision":"Unknown","missing":["Decrypt"]`:                                              {u: {"Decrypt"}},
		`"decision":"Unknown"`: nil,
	} {
		r := parsed(t, []byte(`{"schema":"keymend.audit/2",`+text+`}`))
		if diff := cmp.Diff(want, r.Missing, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		if again := parsed(t, line(t, r)); !cmp.Equal(r.Missing, again.Missing, cmpopts.EquateEmpty()) {
			t.Errorf("%s: written and read again: %v", text, again.Missing)
		}
	}
}

// A step that only a newer version knows stays unread, and hides nothing.
func TestStepsOfNewerVersionsStayUnread(t *testing.T) {
	t.Parallel()
	r := parsed(t, []byte(`  {"schema":"keymend.audit/2","id":"f-1","undo":"[{\"type\":\"NewKind\",\"a\":1},{\"type\":\"DeleteServiceLinkedRole\",\"role\":\"r\"}]"}`+"\r\n"))
	if len(r.Undo) != 2 || r.ID != "f-1" || r.Undo[1].Kind() != "DeleteServiceLinkedRole" {
		t.Fatalf("%+v", r)
	}
	u, ok := r.Undo[0].(change.Unread)
	if !ok || u.Name != "NewKind" || string(u.Text) != `{"type":"NewKind","a":1}` {
		t.Errorf("%T %+v", r.Undo[0], r.Undo[0])
	}
}

// asWritten compares JSON that is kept as it came by what it says.
func asWritten() cmp.Options {
	return cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b json.RawMessage) bool {
		return cmp.Equal(said(a), said(b))
	})}
}

func said(text []byte) any {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err.Error()
	}
	return v
}

// Whatever is read is written again as what was read.
func FuzzParse(f *testing.F) {
	for _, line := range lines1(f) {
		f.Add(line)
		text, err := parsed(f, line).Line()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"schema":"keymend.audit/1","trace":["a\nb",""],"nearMisses":[{"source":"a | b","reason":" | ","text":"| \n"}],"undo":[{"deleteRole":null},5,{}]}`))
	f.Add([]byte(`{"schema":"keymend.audit/2","steps":[{"type":"DeleteServiceLinkedRole","role":"r"}],"undo":[]}`))
	f.Add([]byte(`{"schema":"keymend.audit/2","trace":"a\n\nb\n","nearMisses":" |  | \nx\n","writes":"a\n  b\n","steps":"null","undo":"[{\"type\":\"X\" , \"a\":[]}]"}`))
	f.Add([]byte(`{"schema":"keymend.audit/1","plan":{"steps":[{"a":"` + "\xa1" + `"}]}}`))
	f.Add([]byte(`{"schema":"keymend.audit/1","decision":"Unknown","missing":[]}`))
	f.Add([]byte(`{"schema":"keymend.audit/2","missing":{"Denied":"","Allowed":"kms:Decrypt"}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, ok, err := record.Parse(line, kinds())
		if ok != (err == nil && r.Schema != "") {
			t.Fatalf("%v, %v, schema %q", ok, err, r.Schema)
		}
		if !ok {
			return
		}
		text, err := r.Line()
		if err != nil {
			t.Fatalf("can't be written again: %v", err)
		}
		again := parsed(t, text)
		if !slices.Equal(again.Shortened, r.Shortened) {
			return // it was too long, and isn't any more
		}
		if diff := cmp.Diff(r, again, asWritten()); diff != "" {
			t.Errorf("(-read +written and read):\n%s", diff)
		}
	})
}
