package doctor

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"keymend/pkg/arn"
	"keymend/pkg/blueprint"
	"keymend/pkg/coverage"
	"keymend/pkg/quote"
)

// parameter judges the switch: Keymend writes while it is on.
func (e *examiner) parameter(_ *deployment, _ blueprint.Resource, name string) {
	a := e.Parameters[name]
	turnOn := e.here("ssm", "put-parameter", "--name="+name, "--type", "String", "--value", "on", "--overwrite")
	switch {
	case a.Problem != "":
		e.unknown("switch", name, a.Problem)
	case a.Is == "":
		e.bad("switch", name, "it isn't there, so that nothing is written", "stopping-it", turnOn)
	case a.Is != "on":
		e.bad("switch", name, "it is "+quote.Line(a.Is)+": Keymend looks, and writes nothing", "stopping-it", turnOn)
	}
}

func (e *examiner) on(_ *deployment, all []blueprint.Resource) string {
	if len(all) == 0 {
		return "none"
	}
	return "on: Keymend may write, as its mode lets it"
}

// alarm judges an alarm by its state.
func (e *examiner) alarm(d *deployment, _ blueprint.Resource, name string) {
	if e.Alarms.Problem != "" {
		e.unseen("alarms", e.Alarms.Problem)
		return
	}
	i := slices.IndexFunc(e.Alarms.Is, func(a Alarm) bool { return a.Name == name })
	if i < 0 {
		e.missing(d, "alarms", name)
		return
	}
	switch a := e.Alarms.Is[i]; a.State {
	case "OK":
	case "ALARM":
		e.bad("alarms", name, "it rings since "+a.Since.UTC().Format(time.DateTime)+" UTC: "+strings.TrimSpace(strings.Split(a.Description, "What to do:")[0]), section(a.Description))
	default:
		e.unknown("alarms", name, "CloudWatch has no data for it ("+a.State+")")
	}
}

// section is that of docs/deploy.md that an alarm's description names.
func section(description string) string {
	m := regexp.MustCompile(`docs/deploy\.md, "([^"]*)"`).FindStringSubmatch(description)
	if m == nil {
		return "alarms"
	}
	return strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")
}

// logGroup judges how long a log is kept.
func (e *examiner) logGroup(d *deployment, r blueprint.Resource, name string) {
	if e.LogGroups.Problem != "" {
		e.unseen("logs", e.LogGroups.Problem)
		return
	}
	var want string
	if err := d.scope.Into(r, map[string]any{"RetentionInDays": &want}); err != nil {
		e.unknown("logs", name, err.Error())
		return
	}
	days, there := e.LogGroups.Is[name]
	switch kept := strconv.Itoa(days); {
	case !there:
		e.missing(d, "logs", name)
	case kept != want:
		e.bad("logs", name, "it keeps lines for "+kept+" days (0: for ever), not "+want, "", e.here("logs", "put-retention-policy", "--log-group-name", name, "--retention-in-days", want))
	}
}

// trail: without one that logs, API calls become no events.
func (e *examiner) trail() {
	if e.Trails.Problem != "" {
		e.unknown("trail", "", e.Trails.Problem)
		return
	}
	t, logs := coverage.Facts{Trails: e.Trails}.Trail()
	const needs = "what-must-exist-first"
	switch logs {
	case coverage.LogsNone:
		e.bad("trail", "", "no trail logs here: what others change isn't heard of, and no write without a record", needs)
	case coverage.LogsStopped:
		e.bad("trail", t.ARN, "it doesn't log: what others change isn't heard of", needs, e.as(arn.Account(t.ARN), t.Mends()...))
	case coverage.LogsPart:
		e.bad("trail", t.ARN, "it leaves out management events that write, or those of KMS", needs, e.as(arn.Account(t.ARN), t.Mends()...))
	case coverage.LogsWhole:
		e.ok("trail", "logs management events, those of KMS too: "+t.ARN)
	case coverage.LogsUnseen:
		e.unknown("trail", t.ARN, "it is another account's, and logs; what it logs only that account sees")
	default:
		e.unknown("trail", t.ARN, t.Logging.Problem+t.Selectors.Problem)
	}
}

// sweep: groups that no event told of are found by it.
func (e *examiner) sweep(d *deployment) {
	switch {
	case e.Swept.Problem != "":
		e.unknown("sweep", "", e.Swept.Problem)
	case e.Swept.Is == 0 && e.Now.Sub(d.Since) < time.Hour:
		e.unknown("sweep", "", "none yet: "+d.Name+" was deployed within the last hour, and its first comes after a quarter of one")
	case e.Swept.Is == 0:
		e.bad("sweep", "", "none within the last hour: groups whose events were lost aren't found", "no-sweep", e.here("events", "enable-rule", "--name", "keymend-sweep-recent"))
	default:
		e.ok("sweep", count(e.Swept.Is, "sweep")+" within the last hour")
	}
}

// version compares the functions' with this program's, by what they last logged.
func (e *examiner) version() {
	n := e.Newest.Is
	switch {
	case e.Newest.Problem != "":
		e.unknown("version", "", e.Newest.Problem)
	case n.At.IsZero():
		e.unknown("version", "", "the functions logged nothing within a day that says which they are of")
	case n.Version != e.Version:
		e.bad("version", "", "the functions are of version "+n.Version+", this program of "+e.Version, "upgrading", "make deploy")
	default:
		e.ok("version", n.Version+", the functions as this program")
	}
}
