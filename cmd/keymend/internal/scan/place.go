package scan

import (
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
)

// A Place is an account in a Region.
type Place struct {
	Account string `json:"account"`
	Region  string `json:"region"` // "" = which Regions the account has couldn't be read
}

// String names it, as in "111122223333 eu-west-1".
func (p Place) String() string {
	if p.Region == "" {
		return p.Account
	}
	return p.Account + " " + p.Region
}

// A Looked says that a place was looked at, or why not.
type Looked struct {
	Place
	Groups  int    `json:"groups"`            // that were there
	Problem string `json:"problem,omitempty"` // why not all of it could be looked at
	Why     error  `json:"-"`                 // the same, as it came; nil = there is no problem
}

// A Total sums a scan up.
type Total struct {
	Schema  string               `json:"schema"`
	Groups  int                  `json:"groups"`
	States  map[report.State]int `json:"states"` // how many groups stand so
	Places  []Looked             `json:"places"`
	Version string               `json:"version"` // of Keymend
}

// TotalSchema is the version of Total.
const TotalSchema = "keymend.scan-total/1"

// Unseen are the places that couldn't be looked at, or not all of them.
func (t Total) Unseen() []Looked {
	var out []Looked
	for _, p := range t.Places {
		if p.Problem != "" {
			out = append(out, p)
		}
	}
	return out
}

// Where names the places in a few words.
func (t Total) Where() string {
	accounts, regions := map[string]bool{}, map[string]bool{}
	for _, p := range t.Places {
		accounts[p.Account] = true
		if p.Region != "" {
			regions[p.Region] = true
		}
	}
	switch {
	case len(t.Places) == 1:
		return t.Places[0].String()
	case len(accounts) == 1:
		return t.Places[0].Account + ", " + screen.Count(len(regions), "Region")
	}
	return screen.Count(len(accounts), "account") + ", " + screen.Count(len(regions), "Region")
}
