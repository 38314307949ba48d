package keypolicy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrFull says that Keymend's statement already names as many roles as it may.
var ErrFull = errors.New("keymend's statement already names ten roles")

// maxRoles keeps one statement, and what it costs of the 32,768 bytes, small.
const maxRoles = 10

// An Edit is a change of a policy's text. Before and After differ only in
// statements of Keymend's own; they are the same text where there is nothing to
// change.
type Edit struct {
	Before, After string
	Added         []string // Keymend's statements that changed or are new, JSON, as they stand in After
	Sids          []string // their Sids: where the principal was put in, and is to be taken out again
	Removed       []string // principals taken out of Keymend's statements
}

// Allow opens the key to a service-linked role: it adds Keymend's two
// statements, or extends them by one more role, and takes the ids of deleted
// principals out of them (but never out of anyone else's). Doing it twice is
// doing it once. It fails for anything but a service-linked role's ARN, and
// with ErrFull.
func Allow(d *Document, roleARN string) (Edit, error) {
	if err := checkRole(roleARN); err != nil {
		return Edit{}, fmt.Errorf("allow role: %w", err)
	}
	return allow(d, roleARN, forms())
}

// allow makes each form's statement cover the principal.
func allow(d *Document, principal string, all []form) (Edit, error) {
	e := editor{now: d}
	err := e.removeWhere(IsUniqueID)
	for _, f := range all {
		if err == nil {
			err = e.allow(f, principal)
		}
	}
	if err != nil {
		return Edit{}, fmt.Errorf("allow %s: %w", principal, err)
	}
	return e.result(d), nil
}

// Revoke undoes Allow and Delegate, whatever others have edited since: it takes
// the principal, a role's ARN or an account's root ARN, out of Keymend's
// statements with these Sids (Edit.Sids; none: out of all), and a statement out
// of the policy with its last principal. Where the principal stood before, by
// another's hand, it stays. Ids of deleted principals go from every statement of
// Keymend's: a role itself stands as one once it is deleted, and KMS would
// refuse the edit because of it.
func Revoke(d *Document, principal string, sids ...string) (Edit, error) {
	e := editor{now: d}
	err := e.removeWhere(IsUniqueID)
	if err == nil {
		err = e.removeWhere(func(p string) bool { return shortAccount(p) == shortAccount(principal) }, sids...)
	}
	if err != nil {
		return Edit{}, fmt.Errorf("revoke %s: %w", principal, err)
	}
	return e.result(d), nil
}

// Tidied takes the ids of deleted principals out of Keymend's statements, and a statement
// out of the policy with its last principal; nobody else's statement is touched.
func (d *Document) Tidied() (Edit, error) {
	e := editor{now: d}
	if err := e.removeWhere(IsUniqueID); err != nil {
		return Edit{}, fmt.Errorf("take dead ids out: %w", err)
	}
	return e.result(d), nil
}

// An editor edits step by step and parses again after each, so that every step
// works on true offsets. Policies are small.
type editor struct {
	now     *Document
	added   []string // Sids
	removed []string
}

func (e *editor) result(before *Document) Edit {
	edit := Edit{Before: before.raw, After: e.now.raw, Sids: e.added, Removed: e.removed}
	for i, s := range e.now.statements {
		if slices.Contains(e.added, s.Sid) {
			edit.Added = append(edit.Added, e.now.layout.statements[i].of(e.now.raw))
		}
	}
	return edit
}

// replace puts text in the place of a span.
func (e *editor) replace(s span, text string) error {
	next, err := Parse(e.now.raw[:s.start] + text + e.now.raw[s.end:])
	if err != nil {
		return fmt.Errorf("edit policy: %w", err) // a fault of this package
	}
	e.now = next
	return nil
}

// allow makes one form's statement cover the principal.
func (e *editor) allow(f form, role string) error {
	room := -1
	full := false
	for i, s := range e.now.statements {
		if !f.owns(s) {
			continue
		}
		if f.only != "" || slices.Contains(s.Principal.AWS, role) {
			return nil
		}
		if len(s.Principal.AWS) >= maxRoles {
			full = true
		} else if room < 0 {
			room = i
		}
	}
	switch {
	case room >= 0:
		e.added = append(e.added, e.now.statements[room].Sid)
		return e.extend(room, role)
	case full:
		return ErrFull
	}
	sid := f.freeSid(e.now)
	e.added = append(e.added, sid)
	return e.append(fmt.Sprintf(f.text, sid, role))
}

// extend adds a role to a statement's principals. A single principal that isn't
// a list becomes one, marked by a space after the comma: so shrink can bring
// the single form back.
func (e *editor) extend(i int, role string) error {
	at := e.now.layout.aws[i]
	old := at.of(e.now.raw)
	if !strings.HasPrefix(old, "[") {
		return e.replace(at, fmt.Sprintf("[%s, %q]", old, role))
	}
	elements := elementSpans(old)
	end := at.start + elements[len(elements)-1].end
	return e.replace(span{end, end}, fmt.Sprintf(",%q", role))
}

// append adds a statement behind the last one.
func (e *editor) append(text string) error {
	l := e.now.layout
	if !l.isArray {
		return e.replace(l.list, "["+l.list.of(e.now.raw)+","+text+"]")
	}
	if len(l.statements) == 0 {
		return e.replace(span{l.list.start + 1, l.list.start + 1}, text)
	}
	end := l.statements[len(l.statements)-1].end
	return e.replace(span{end, end}, ","+e.indent()+text)
}

// indent returns the white space before the last statement of several, so that
// a document written for people stays readable.
func (e *editor) indent() string {
	s := e.now.layout.statements
	if len(s) < 2 {
		return ""
	}
	between := e.now.raw[s[len(s)-2].end:s[len(s)-1].start]
	_, space, _ := strings.Cut(between, ",")
	return space
}
