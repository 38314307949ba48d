package report

import (
	"strings"
	"time"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/arn"
)

// A Grant is one that Keymend's functions made.
type Grant struct {
	Schema    string    `json:"schema"`
	ID        string    `json:"grantId"`
	Key       string    `json:"key"`       // ARN
	Principal string    `json:"principal"` // ARN; the unique id of a role that was deleted
	Since     time.Time `json:"since"`
	StandsIn  bool      `json:"standsIn"` // for statements that the policy's owner may add: the key is the own account's
}

// Grants lists grants, the oldest first.
type Grants struct {
	All   []Grant
	Now   time.Time
	Place Place
}

// Code returns the exit code: they are listed, however many there are.
func (Grants) Code() Code { return Healed }

// Lines are what is written as JSON: one for each grant.
func (g Grants) Lines() []any {
	var out []any
	for _, one := range g.All {
		one.Schema = "keymend.grant/1"
		out = append(out, one)
	}
	return out
}

// Show writes it on the page.
func (g Grants) Show(p *screen.Page) {
	p.Row(screen.Bold, "grants", g.Place.Account+" "+g.Place.Region+": "+screen.Count(len(g.All), "grant")+" that Keymend's functions made")
	ours := false
	for _, one := range g.All {
		const day = 24 * time.Hour
		p.Blank()
		p.Row(screen.Bold, "key", one.Key)
		p.Row(screen.Bold, "since", one.Since.Format("2006-01-02")+", "+screen.Count(int(g.Now.Sub(one.Since)/day), "day"))
		switch {
		case !strings.HasPrefix(one.Principal, "arn:"):
			p.Row(screen.Doubt, "role", one.Principal+" was deleted: the grant lets nobody in")
		default:
			p.Row(screen.Bold, "role", one.Principal)
		}
		p.Row(screen.Bold, "grant", one.ID)
		if one.StandsIn {
			ours = true
			p.Row(screen.Doubt, "stand-in", "it stands in for AWS's two statements in the key's policy")
		} else {
			p.Row(screen.Bold, "stays", "the key is account "+arn.Account(one.Key)+"'s: AWS's procedure has a grant there")
		}
	}
	if !ours {
		return
	}
	p.Blank()
	p.Sentence(screen.Plain, "Once the policy's owner adds the statements (keymend export GROUP has them as code), Keymend retires such a grant. "+
		"Where the settings ask for grants (ownKey: grant), they stay. What a person made at a terminal isn't listed.")
}
