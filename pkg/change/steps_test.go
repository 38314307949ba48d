package change_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/change"
)

// A note is a step like any: plain data, two effects that differ by its text only.
type note struct {
	To   string `json:"to"`
	Text string `json:"text,omitempty"`
	name string
}

// Kind implements change.Step. One type has two names, by its data.
func (n note) Kind() string {
	switch {
	case n.name != "":
		return n.name
	case strings.HasPrefix(n.To, "big-"):
		return "BigNote"
	}
	return "Note"
}

func (n note) At() change.Place { return change.Place{Account: "1", Target: n.To} }
func (n note) Effect() any      { return []string{n.Kind(), n.To, strings.TrimSpace(n.Text)} }
func (n note) Calls() []change.Call {
	return []change.Call{{Action: "note:Write", Target: n.To}, {Action: "note:Send", Target: n.To}}
}

// Undo of a note takes two steps, that of a note about to be taken back none.
func (n note) Undo(by change.Mark, done change.Result) change.Steps {
	if n.Text == "forever" {
		return nil
	}
	return change.Steps{note{To: n.To, Text: "unsent " + done.ID}, note{To: n.To, Text: "unwritten " + by.Remediation}}
}

func (n note) Claim() change.Claim {
	return change.Claim{Consent: change.KeyOwner, Edits: n.Text != ""}
}
func (n note) Words() change.Words { return change.Words{What: "a note"} }

// bare has no members.
type bare struct{}

func (bare) Kind() string                                 { return "Bare" }
func (bare) At() change.Place                             { return change.Place{} }
func (bare) Effect() any                                  { return "Bare" }
func (bare) Calls() []change.Call                         { return nil }
func (bare) Undo(change.Mark, change.Result) change.Steps { return change.Steps{bare{}} }
func (bare) Claim() change.Claim                          { return change.Claim{} }
func (bare) Words() change.Words                          { return change.Words{} }

func kinds() change.Kinds {
	return change.Kinds{change.Of[note]("Note"), change.Of[note]("BigNote"), change.Of[bare]("Bare")}
}

func plain(t *testing.T, v any) string {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

func parsed(t *testing.T, text string) change.Steps {
	t.Helper()
	var steps change.Steps
	if err := json.Unmarshal([]byte(text), &steps); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return steps
}

func TestStepsSurviveJSON(t *testing.T) {
	t.Parallel()
	want := change.Steps{note{To: "a", Text: `<b> & "c"`}, bare{}, note{To: "big-d"}}
	text := plain(t, want)
	if text != `[{"type":"Note","to":"a","text":"<b> & \"c\""},{"type":"Bare"},{"type":"BigNote","to":"big-d"}]` {
		t.Error(text)
	}
	unread := parsed(t, text)
	if diff := cmp.Diff(change.Unread{Name: "Bare", Text: json.RawMessage(`{"type":"Bare"}`)}, unread[1]); diff != "" {
		t.Error(diff)
	}
	got, err := kinds().Read(unread)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(note{})); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if again, err := kinds().Read(got); err != nil || !again.Same(want) {
		t.Errorf("steps that are read: %v, %v", again, err)
	}
	if none := parsed(t, `[]`); plain(t, none) != `[]` || plain(t, change.Steps(nil)) != `[]` {
		t.Error("no steps are no list")
	}
}

// A message has a limit, and a policy with many < would reach it six times as early.
func TestHTMLIsNotEscaped(t *testing.T) {
	t.Parallel()
	text, err := change.Typed{Step: note{To: "<&>"}}.MarshalJSON()
	if err != nil || string(text) != `{"type":"Note","to":"<&>"}` {
		t.Errorf("%s, %v", text, err)
	}
	outer := plain(t, map[string]any{"steps": change.Steps{note{To: "<&>"}}})
	if outer != `{"steps":[{"type":"Note","to":"<&>"}]}` {
		t.Error(outer)
	}
}

// A kind that isn't known stops the whole: what is known of the plan would be half
// of it. What isn't read is kept as it came.
func TestUnknownKinds(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`[{"type":"DeleteKey","key":"k"}]`, `[{"type":"Note","to":"a"},{"type":"note","to":"a"}]`, `[{}]`, `[null]`, `[{"type":""}]`,
		`[{"to":"<a>","type":"Odd","x":{"b":[1,2.50,1e3],"a":null},"to":"\u003cb\u003e"}]`,
	} {
		steps := parsed(t, text)
		if got, err := kinds().Read(steps); !errors.Is(err, change.ErrUnknownKind) || got != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		if back := plain(t, steps); back != text {
			t.Errorf("%s came back as %s", text, back)
		}
	}
	_, err := kinds().Read(parsed(t, `[{"type":"DeleteKey"}]`))
	if err == nil || !strings.Contains(err.Error(), `"DeleteKey"`) {
		t.Errorf("%v doesn't say which", err)
	}
	spaced := parsed(t, `[ { "type" : "Odd" , "a" : "<" } ]`)
	if back, err := spaced.MarshalJSON(); err != nil || string(back) != `[{ "type" : "Odd" , "a" : "<" }]` {
		t.Errorf("%s, %v", back, err)
	}
	if _, err := (change.Kinds)(nil).Read(change.Steps{change.Unread{Name: "Note"}}); !errors.Is(err, change.ErrUnknownKind) {
		t.Errorf("an empty table: %v", err)
	}
}

func TestWhatIsNoStep(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{}`, `[1]`, `"x"`, `[{"type":1}]`, `[[]]`, `[{}`, ``} {
		var steps change.Steps
		if err := json.Unmarshal([]byte(text), &steps); err == nil {
			t.Errorf("%s was taken: %v", text, steps)
		}
	}
	for _, text := range []string{
		`[{"type":"Note","to":1}]`, `[{"type":"BigNote","to":"small"}]`, `[{"type":"Note","to":"big-one"}]`, `[{"type":"Bare"},{"type":"Note","text":{}}]`,
	} {
		if got, err := kinds().Read(parsed(t, text)); err == nil || errors.Is(err, change.ErrUnknownKind) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// Unread changes nothing, asks for nobody's consent, and so nobody gives it any.
func TestUnreadDoesNothing(t *testing.T) {
	t.Parallel()
	u := change.Unread{Name: "EditKeyPolicy", Text: json.RawMessage(`{"type":"EditKeyPolicy","key":"k"}`)}
	if u.Kind() != "EditKeyPolicy" || u.At() != (change.Place{}) || u.Calls() != nil || u.Undo(change.Mark{}, change.Result{Changed: true}) != nil {
		t.Errorf("%+v", u)
	}
	if c := u.Claim(); c.Consent != change.Nobody || c.Key != "" || c.Edits || c.Keys != nil {
		t.Errorf("%+v", c)
	}
	if u.Words().What != "EditKeyPolicy" {
		t.Errorf("%+v", u.Words())
	}
}

// Whatever is taken is given back, byte for byte, and is never half of it.
func FuzzSteps(f *testing.F) {
	for _, text := range []string{
		`[{"type":"Note","to":"a","text":"<"}]`, `[{"type":"Bare"},{"type":"BigNote","to":"big-a"}]`, `[{"type":"X","a":"\u003c"}]`, `[null, {}]`, `null`, `[ ]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var first, second change.Steps
		if json.Unmarshal(text, &first) != nil {
			return
		}
		written, err := first.MarshalJSON()
		if err != nil || json.Unmarshal(written, &second) != nil {
			t.Fatalf("%s (%v)", written, err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatal(diff)
		}
		got, err := kinds().Read(first)
		if err != nil {
			return
		}
		known, err := got.MarshalJSON()
		if err != nil || len(got) != len(first) {
			t.Fatalf("%s: %v", known, err)
		}
		var again change.Steps
		if err := json.Unmarshal(known, &again); err != nil {
			t.Fatalf("%s: %v", known, err)
		}
		if back, err := kinds().Read(again); err != nil || !back.Same(got) {
			t.Fatalf("%s: %v", known, err)
		}
	})
}
