package htmlreport

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/scan"
	"keymend/cmd/keymend/internal/screen"
)

// foot is what the page says after its groups.
type foot struct {
	All       int
	PlacesSay string
	Places    []looked
	Past      pastView
	Script    template.JS
}

// A looked place has its numbers.
type looked struct {
	scan.Looked
	Of string
}

func footOf(p Page, s *sums) foot {
	f := foot{All: s.all.groups(), Past: p.Past.view(), Script: template.JS(script)} //nolint:gosec // it is this package's own
	known := map[scan.Place]bool{}
	for _, at := range p.Places {
		known[at.Place] = true
		f.Places = append(f.Places, s.looked(at))
	}
	for _, at := range s.order {
		if !known[at] {
			f.Places = append(f.Places, s.looked(scan.Looked{Place: at}))
		}
	}
	slices.SortStableFunc(f.Places, func(a, b looked) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region))
	})
	f.PlacesSay = says(f.Places)
	if s.unseen > 0 {
		f.PlacesSay += " Of " + screen.Count(s.unseen, "group") + " something couldn't be read: each says what."
	}
	return f
}

func (s *sums) looked(at scan.Looked) looked {
	return looked{at, cmp.Or(strings.Join(s.places[at.Place].parts(), ", "), "–")}
}

// says sums the places up.
func says(all []looked) string {
	unseen := 0
	accounts, regions := map[string]bool{}, map[string]bool{}
	for _, at := range all {
		accounts[at.Account] = true
		if at.Region != "" {
			regions[at.Region] = true
		}
		if at.Problem != "" {
			unseen++
		}
	}
	if len(all) == 0 {
		return "Which accounts and Regions were looked at isn't known."
	}
	out := screen.Count(len(accounts), "account") + ", " + screen.Count(len(regions), "Region") + "."
	if unseen > 0 {
		out += fmt.Sprintf(" %d of the places below couldn't be looked at, or not whole: of what is there nothing is said.", unseen)
	}
	return out
}
