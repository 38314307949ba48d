package offline

import (
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/quote"
	"keymend/pkg/whatif"
)

// The versions of Line and Total.
const (
	Schema      = "keymend.check-offline/1"
	TotalSchema = "keymend.check-offline-total/1"
)

// A Line is a verdict for programs.
type Line struct {
	Schema  string       `json:"schema"`
	Account string       `json:"account"`
	Region  string       `json:"region"`
	Group   string       `json:"group"`
	State   whatif.State `json:"state"`
	Says    string       `json:"says"`
	Code    report.Code  `json:"code"`
	Role    string       `json:"role"`
	Sources []string     `json:"sources"`
	Keys    []scan.Key   `json:"keys"`
	NoNeed  []string     `json:"noNeed,omitempty"`
	Unknown []string     `json:"unknown,omitempty"`
	LeftOut []string     `json:"leftOut,omitempty"`
	Add     []Addition   `json:"add,omitempty"`
	Ask     []quote.Task `json:"ask,omitempty"`
}

// JSON is the verdict for programs.
func (v Verdict) JSON(account, region string) Line {
	return Line{
		Schema: Schema, Account: account, Region: region, Group: v.Group, State: v.After, Says: v.says(), Code: v.Code(),
		Role: v.Row.Role, Sources: v.Row.Sources, Keys: v.Row.Keys, NoNeed: v.Row.NoNeed, Unknown: v.Unknown, LeftOut: v.LeftOut, Add: v.Add, Ask: v.Ask,
	}
}

// A Total sums up, for programs.
type Total struct {
	Schema   string               `json:"schema"`
	Says     string               `json:"says"`
	Account  string               `json:"account"`
	Region   string               `json:"region"`
	States   map[whatif.State]int `json:"states"`
	Problems []PolicyProblem      `json:"problems"`
	Notes    []string             `json:"notes,omitempty"`
	Exit     report.Code          `json:"exit"`
}
