package change

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrUnknownKind says that this version of Keymend knows no such kind of step.
var ErrUnknownKind = errors.New("no such kind of step")

// Steps are written as JSON objects with a "type" member. What JSON gives back is
// Unread until a table of kinds has read it: see Kinds.Read.
type Steps []Step

// Kind is a row of the table of kinds, as far as plain data goes.
type Kind struct {
	Name string
	Read func(text []byte) (Step, error)
}

// Kinds are all kinds that are known.
type Kinds []Kind

// Of returns the row of a kind whose steps are of type T. One type may have several
// names; a step that doesn't have the name it came under is an error.
func Of[T Step](name string) Kind {
	return Kind{name, func(text []byte) (Step, error) {
		var s T
		if err := json.Unmarshal(text, &s); err != nil {
			return nil, fmt.Errorf("read step %s: %w", name, err)
		}
		if s.Kind() != name {
			return nil, fmt.Errorf("read step %s: it is a %s", name, s.Kind())
		}
		return s, nil
	}}
}

// Read returns the steps as their kinds have them. A step of a kind that isn't known
// is ErrUnknownKind: leaving it out would carry out half a plan.
func (k Kinds) Read(steps Steps) (Steps, error) {
	out := make(Steps, len(steps))
	for i, s := range steps {
		unread, ok := s.(Unread)
		if out[i] = s; !ok {
			continue
		}
		kind, err := k.named(unread.Name)
		if err != nil {
			return nil, err
		}
		if out[i], err = kind.Read(unread.Text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (k Kinds) named(name string) (Kind, error) {
	for _, kind := range k {
		if kind.Name == name {
			return kind, nil
		}
	}
	return Kind{}, fmt.Errorf("%w: %q", ErrUnknownKind, name)
}

// MarshalJSON implements json.Marshaler. HTML isn't escaped, which would make six
// bytes of one: steps carry policies, and messages have a limit.
func (s Steps) MarshalJSON() ([]byte, error) {
	out := []byte("[")
	for i, step := range s {
		if i > 0 {
			out = append(out, ',')
		}
		text, err := Typed{step}.MarshalJSON()
		if err != nil {
			return nil, err
		}
		out = append(out, text...)
	}
	return append(out, ']'), nil
}

// Typed is a step whose JSON has the name of its kind as the member "type".
type Typed struct{ Step }

// MarshalJSON implements json.Marshaler.
func (t Typed) MarshalJSON() ([]byte, error) {
	if unread, ok := t.Step.(Unread); ok {
		return unread.Text, nil
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(t.Step); err != nil {
		return nil, fmt.Errorf("write step %s: %w", t.Kind(), err)
	}
	head, members := `{"type":"`+t.Kind()+`"`, bytes.TrimSpace(text.Bytes())[1:]
	if len(members) > 1 {
		head += ","
	}
	return append([]byte(head), members...), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Steps) UnmarshalJSON(text []byte) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return fmt.Errorf("read steps: %w", err)
	}
	*s = make(Steps, len(raw))
	for i, r := range raw {
		var head struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal(r, &head); err != nil {
			return fmt.Errorf("read step %d: %w", i, err)
		}
		(*s)[i] = Unread{Name: head.Type, Text: r}
	}
	return nil
}

// Unread is a step that no table of kinds has read. It changes nothing, and the
// guard refuses it.
type Unread struct {
	Name string
	Text json.RawMessage
}

// Kind implements Step.
func (u Unread) Kind() string { return u.Name }

// At implements Step.
func (Unread) At() Place { return Place{} }

// Effect implements Step.
func (u Unread) Effect() any { return u.Name }

// Calls implements Writes.
func (Unread) Calls() []Call { return nil }

// Undo implements Writes.
func (Unread) Undo(Mark, Result) Steps { return nil }

// Claim implements Writes.
func (Unread) Claim() Claim { return Claim{} }

// Words implements Writes.
func (u Unread) Words() Words { return Words{What: u.Name, Brief: u.Name} }
