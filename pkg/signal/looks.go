package signal

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"keymend/pkg/outcome"
)

// LooksSchema is the version of Looks.
const LooksSchema = "keymend.look/1"

// Looks is a message of Keymend to itself: groups to look at, since a sweep found them,
// since something was changed for them, or since they use what somebody changed. Like
// an event it is a hint.
type Looks struct {
	Schema  string `json:"schema"`
	Account string `json:"account"`
	Region  string `json:"region"`
	// Why is the signal that asked; "" = a sweep, or a change that is followed.
	Why      Why      `json:"why,omitempty"`
	EventIDs []string `json:"events,omitempty"` // EventBridge's
	Groups   []string `json:"groups,omitempty"`
	// Users says which groups are meant, where none is named.
	Users *Users `json:"users,omitempty"`
	// Taken is the grant that somebody took away; nil: that isn't why.
	Taken *taken `json:"taken,omitempty"`
	// Written is the ARN of a key whose policy Keymend wrote: was somebody's edit lost?
	Written string `json:"written,omitempty"`
	// Regions are those of the account that a sweep over an organization looks over;
	// Unended those of them in which findings aren't ended by the log. Noted: where there
	// are groups is recorded. Refused are those Regions, or the account, that refused by the
	// newest record.
	Regions []string `json:"regions,omitempty"`
	Unended []string `json:"unended,omitempty"`
	Noted   bool     `json:"noted,omitempty"`
	Refused []string `json:"refused,omitempty"`
	// Next is where such a sweep's list of accounts goes on.
	Next string `json:"next,omitempty"`
	// Fresh: an event says so just now, and the message isn't handed on yet.
	Fresh bool `json:"-"`
	// Lacking are those of them that lacked instances. Of a group that lacks none no
	// failure is looked for.
	Lacking []string  `json:"lacking,omitempty"`
	Asked   time.Time `json:"asked"` // when the sweep began
	// Full: would their next launch fail? Else only: which key makes launches fail?
	Full bool `json:"full,omitempty"`
	// Follow is the change that was made; nil: none, a sweep found the groups.
	Follow *Follow `json:"follow,omitempty"`
	// Open are findings about these groups that aren't ended by the log.
	Open []Follow `json:"open,omitempty"`
}

// A taken is a grant that somebody revoked or retired, by CloudTrail's word. Of several
// that are taken within five minutes it is the first.
type taken struct {
	Grant string    `json:"grant"` // id
	By    string    `json:"by"`    // ARN of the caller
	At    time.Time `json:"at"`
}

// A Follow is a change whose group is looked at after a while: did it launch? Or it is a
// finding that by the log isn't ended: a person may have done what was proposed, or the
// group may have launched by now.
type Follow struct {
	Remediation string    `json:"remediation,omitempty"`
	Key         string    `json:"key,omitempty"`       // ARN
	Principal   string    `json:"principal,omitempty"` // ARN
	Failed      time.Time `json:"failed,omitzero"`     // the failure that the change was made for
	// Fixed is when the change was made, by SQS's clock: when the first message about it
	// was sent. Zero: this is the first.
	Fixed time.Time `json:"fixed,omitzero"`
	Round int       `json:"round"` // from 0
	// Beside: not the group that the change was made for, but others whose launch uses
	// the same key. What they lacked is what there is to say of them.
	Beside bool `json:"beside,omitempty"`
	// Of a finding that isn't ended:
	ID      string          `json:"id,omitempty"`
	Group   string          `json:"group,omitempty"`
	Outcome outcome.Outcome `json:"outcome,omitempty"` // the newest
	Told    time.Time       `json:"told,omitzero"`     // when the newest was written
}

// readLooks reads a message; the error is *Malformed.
func readLooks(message []byte) (Looks, error) {
	var l Looks
	if err := json.Unmarshal(message, &l); err != nil {
		return Looks{}, &Malformed{What: "can't be read: " + err.Error()}
	}
	if l.Schema != LooksSchema {
		return Looks{}, &Malformed{Where: "schema", What: fmt.Sprintf("is %q, not %q", l.Schema, LooksSchema)}
	}
	for _, must := range envelopeForms() {
		value := map[string]string{"account": l.Account, "region": l.Region}[must.name]
		if !must.form.MatchString(value) {
			return Looks{}, &Malformed{Where: must.name, What: must.says}
		}
	}
	if l.Why != "" && l.Why.Known() != l.Why {
		return Looks{}, &Malformed{Where: "why", What: fmt.Sprintf("is %q, the name of no signal", l.Why)}
	}
	asks := 0
	for _, there := range []bool{len(l.Groups) > 0, l.Users != nil, l.Written != "", len(l.Regions) > 0, l.Next != ""} {
		if there {
			asks++
		}
	}
	if asks != 1 {
		return Looks{}, &Malformed{Where: "groups", What: "is empty, and so are users, written, regions and next; or there is more than one of them"}
	}
	for _, region := range slices.Concat(l.Regions, l.Unended) {
		if !regionForm.MatchString(region) {
			return Looks{}, &Malformed{Where: "regions", What: fmt.Sprintf("have %q, which is not a Region's name", region)}
		}
	}
	for _, group := range l.Groups {
		if problem := groupProblem(group); problem != "" {
			return Looks{}, &Malformed{Where: "groups", What: problem}
		}
	}
	return l, nil
}

// Name implements Signal.
func (l Looks) Name() string {
	switch {
	case l.Follow != nil:
		return string(WhyFollowed)
	case l.Written != "":
		return OwnWrite{}.Name()
	case l.Why != "":
		return string(l.Why)
	}
	return string(WhySwept)
}

// From implements Signal.
func (l Looks) From() Event { return Event{Account: l.Account, Region: l.Region} }

func (Looks) sealed() {}

// Looks asks which keys stand in the way of each group's next launch.
func (l Looks) Looks() []Look {
	out := make([]Look, len(l.Groups))
	for i, group := range l.Groups {
		out[i] = Look{Why: Why(l.Name()), Account: l.Account, Region: l.Region, Group: group, EventIDs: l.EventIDs, Follow: l.Follow, Taken: l.Taken}
		if l.Follow == nil {
			out[i].Sweep = &Swept{l.Asked, slices.Contains(l.Lacking, group), l.Full, nil}
			for _, o := range l.Open {
				if o.Group == group {
					out[i].Sweep.Open = append(out[i].Sweep.Open, o)
				}
			}
		}
	}
	return out
}
