package coverage

import "time"

// schema is the version of a report as JSON; docs/schemas/coverage.schema.json has it.
const schema = "keymend.coverage/1"

// A Report is what stands in all accounts and Regions that were asked for.
type Report struct {
	Schema       string    `json:"schema"`
	Organization string    `json:"organization"`
	At           time.Time `json:"at"`
	Version      string    `json:"version"` // of the Keymend that asked
	Template     string    `json:"template"`
	Whole        bool      `json:"whole"` // there are accounts that are ACTIVE, and no hole
	Sampled      bool      `json:"sampled"`
	Accounts     Count     `json:"accounts"` // that are ACTIVE
	Pairs        Count     `json:"pairs"`    // of accounts that are ACTIVE and Regions
	Rows         []Row     `json:"rows"`
}

// A Count says how many there are, and how many of them have no hole.
type Count struct {
	Whole int `json:"whole"`
	All   int `json:"all"`
}

// Report sums rows up.
func (e *Expected) Report(rows []Row, at time.Time, version string) Report {
	r := Report{Schema: schema, Organization: e.organization.ID, At: at, Version: version, Rows: rows}
	for _, w := range e.organization.Waves {
		tags, _ := e.members(Account{Wave: w.Name}) // Expect has tried it
		r.Template = tags[reader].Template
	}
	whole := map[string]bool{}
	for _, row := range rows {
		if row.State != Active {
			continue
		}
		had, seen := whole[row.Account]
		whole[row.Account] = len(row.Holes) == 0 && (had || !seen)
		r.Pairs.All++
		if len(row.Holes) == 0 {
			r.Pairs.Whole++
		}
	}
	r.Accounts.All = len(whole)
	for _, is := range whole {
		if is {
			r.Accounts.Whole++
		}
	}
	r.Whole = r.Pairs.All > 0 && r.Pairs.Whole == r.Pairs.All // of nothing that was looked at nothing is known
	return r
}

// A Group is holes of one cause.
type Group struct {
	Says   string
	Places []place
}

// A place is a hole, and where it is.
type place struct {
	Account, Region string
	Hole            Hole
}

// Groups returns the holes by cause. What is an account's own is told once.
func (r Report) Groups() []Group {
	by := map[string]*Group{}
	seen := map[string]bool{}
	for _, row := range r.Rows {
		for _, h := range row.Holes {
			if by[h.Cause] == nil {
				by[h.Cause] = &Group{}
			}
			once := row.Account + " " + h.Cause + " " + h.Says
			if len(h.Run) > 0 {
				once += h.Run[0].Command
			}
			if seen[once] {
				continue
			}
			seen[once] = true
			by[h.Cause].Places = append(by[h.Cause].Places, place{row.Account, row.Region, h})
		}
	}
	var out []Group
	for _, head := range heads() {
		if g := by[string(head.cause)]; g != nil {
			g.Says = head.says
			out = append(out, *g)
		}
	}
	return out
}
