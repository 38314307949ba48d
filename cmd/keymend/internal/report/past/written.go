package past

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/record"
)

// changed shows what was written: of a policy the statements, else the kind's words.
func (s Record) changed(p *screen.Page, r record.Record) {
	before, after := documents(r)
	if before == "" && after == "" {
		p.Row(screen.Bold, "change", says(r))
	} else {
		s.diff(p, before, after)
	}
	for _, step := range r.Steps {
		p.Row(screen.Bold, "", step.Words().Why)
	}
	if len(r.Steps) > 0 {
		p.Row(screen.Bold, "others", "the access of "+screen.Count(r.OthersAffected, "other principal")+" changes by it")
	}
	if len(r.Shortened) > 0 {
		p.Row(screen.Doubt, "cut", "the record left out: "+strings.Join(r.Shortened, ", "))
	}
	if s.Policies && before != "" {
		p.Row(screen.Bold, "before", "the key's policy:")
		p.Raw(before)
		p.Row(screen.Bold, "after", "the key's policy:")
		p.Raw(after)
	}
}

// documents are the key's policy before and after, by the record or by its step.
func documents(r record.Record) (before, after string) {
	if r.Before != "" || r.After != "" {
		return r.Before, r.After
	}
	return change.Steps(r.Steps).Documents()
}

// diff shows which statements came and went. Others' are counted.
func (s Record) diff(p *screen.Page, before, after string) {
	was, errWas := keypolicy.Parse(before)
	is, errIs := keypolicy.Parse(after)
	if errWas != nil || errIs != nil {
		p.Row(screen.Doubt, "change", "the policies on record can't be read; --show-policy prints them")
		return
	}
	gone, came := is.Lacks(was), was.Lacks(is)
	foreign := len(slices.DeleteFunc(slices.Clone(was.Statements()), keypolicy.Owned))
	p.Row(screen.Bold, "change", fmt.Sprintf("the key's policy; statements of others, which stayed as they were: %d", foreign-touched(gone)))
	p.Raw(strings.Join(differences(gone, came), "\n"))
}

// touched counts the statements of others among texts.
func touched(texts []string) int {
	doc, err := keypolicy.Parse(`{"Statement":[` + strings.Join(texts, ",") + `]}`)
	if err != nil {
		return 0
	}
	return len(slices.DeleteFunc(slices.Clone(doc.Statements()), keypolicy.Owned))
}

// proof says what was seen after the write.
func (s Record) proof(p *screen.Page, r record.Record) {
	if of := r.Proof; of != nil && r.Phase == record.Result {
		says := screen.Reads(of.EqualReads) + " after the write, access is " + of.Decision.String()
		if of.GrantID != "" {
			says = "KMS answered the repeated CreateGrant with the same grant, " + of.GrantID
		}
		p.Row(screen.Bold, "proof", says)
	} else if s.Wrote() {
		p.Row(screen.Doubt, "proof", "not on record: whether it stood isn't known from here")
	}
	for _, o := range slices.Backward(s.Records) {
		if of := o.Proof; of != nil && o.Phase == record.Proof {
			p.Row(screen.Bold, "launched", launched(o, *of))
			return
		}
	}
	if s.Wrote() {
		p.Row(screen.Doubt, "launched", "not on record: whether the group launched since isn't known from here")
	}
}

// launched says what came of the group, by a proof.
func launched(r record.Record, of record.ProofOf) string {
	out := plain(string(r.Outcome))
	if len(of.Instances) > 0 {
		out += ": " + strings.Join(of.Instances, ", ")
	}
	if t := of.Recovered; t != nil && t.SinceFix > 0 {
		out += ", " + screen.Lasting(time.Duration(t.SinceFix)*time.Second) + " after the change"
	}
	if t := of.Recovered; t != nil && t.SinceFailure > 0 {
		out += ", " + screen.Lasting(time.Duration(t.SinceFailure)*time.Second) + " after the failure"
	}
	return out
}
