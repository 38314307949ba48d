package report

import (
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/arn"
	"keymend/pkg/record"
)

// A Question is what a person is asked before anything is written.
type Question struct {
	Changes []record.Record // findings or intents, each with its plan
	Place   Place
	As      string // ARN of who writes
	Again   bool   // something else was asked before
}

// Show writes what is about to be written: where, what, who else it concerns, and what
// it lets happen.
func (q Question) Show(p *screen.Page) {
	first := q.Changes[0]
	text := "About to change what keeps " + first.Group + " from launching:"
	if q.Again {
		text = "The facts changed, or more is to be done for " + first.Group + ". About to change:"
	}
	p.Sentence(screen.Bold, text)
	p.Row(screen.Bold, "account", first.Account)
	p.Row(screen.Bold, "region", first.Region)
	p.Row(screen.Bold, "as", q.As)
	for _, r := range q.Changes {
		p.Blank()
		q.change(p, r)
	}
	p.Blank()
}

func (q Question) change(p *screen.Page, r record.Record) {
	if r.Key != "" {
		p.Row(screen.Bold, "key", r.Alias, r.Key)
	}
	p.Row(screen.Bold, "change", added(planOf(r)), because(planOf(r)), r.Plan.Doubt)
	if r.Plan.Opens() {
		p.Row(screen.Bold, "for", arn.Last(r.Principal))
		p.Row(screen.Bold, "others", others(r))
		p.Row(screen.Doubt, "risk", risks(r)...)
	}
	p.Row(screen.Doubt, "consent", word(r, "is"))
}

// others says whose access changes besides.
func others(r record.Record) string {
	if r.OthersAffected == 0 {
		return "nobody else's access changes"
	}
	return "the access of " + screen.Count(r.OthersAffected, "other principal") + " changes"
}
