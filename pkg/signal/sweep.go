package signal

import (
	"strings"

	"github.com/tidwall/gjson"
)

// A Sweep is the time at which an account and Region are looked over, without any
// failure that was told: EventBridge's Scheduled Event, as in
// testdata/events/sweep-*.json. The name of the rule tells which sweep it is.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
type Sweep struct {
	Event
	Full bool // every group; else those that lack instances
	// Ended: no finding there is open, by the log.
	Ended bool `json:",omitempty"`
	// Next is where the list of an organization's accounts goes on; "" = it begins.
	Next string `json:",omitempty"`
}

// Full sweeps come several times in the day after which Auto Scaling stops a group
// that fails.
const (
	recently = "rate(15 minutes)"
	fully    = "rate(6 hours)"
)

func sweeps() []Rule {
	of := func(id, schedule, description string, s Sweep) Rule {
		return Rule{
			ID: id, Name: s.Name(), Schedule: schedule, Description: description, Signal: s.Name(),
			sources: []string{"aws.events"}, detailType: "Scheduled Event",
			parse: parseSweep,
		}
	}
	return []Rule{
		of("SweepRecent", recently, "Looks at groups that lack instances", Sweep{}),
		of("SweepFull", fully, "Looks at every group", Sweep{Full: true}),
	}
}

func parseSweep(e Event, _ gjson.Result) (Signal, error) {
	return Sweep{Event: e, Full: strings.HasSuffix(e.rule, Sweep{Full: true}.Name())}, nil
}

// Name implements Signal. The rule has this name, too.
func (s Sweep) Name() string {
	if s.Full {
		return "sweep-full"
	}
	return "sweep-recent"
}
