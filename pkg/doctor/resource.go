package doctor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"keymend/pkg/blueprint"
	"keymend/pkg/settings"
)

// function judges a function and its settings, which its environment has.
func (e *examiner) function(d *deployment, _ blueprint.Resource, name string) {
	f := of(e, d, "functions", name, e.Functions)
	if f == nil {
		return
	}
	if f.State != "Active" && f.State != "" {
		e.bad("functions", name, "it is "+f.State, "a-function-fails", e.here("lambda", "get-function-configuration", "--function-name", name))
	}
	if _, err := settings.Parse(func(variable string) string { return f.Env[variable] }); err != nil {
		e.bad("settings", name, "its settings are invalid, so that it only observes: "+strings.ReplaceAll(err.Error(), "\n", "; "), "settings-invalid", "make deploy")
	}
}

// role judges whom a role trusts, what it may, and what bounds it.
func (e *examiner) role(d *deployment, r blueprint.Resource, name string) {
	is := of(e, d, "roles", name, e.Roles)
	if is == nil || !d.exact {
		return
	}
	want, err := d.scope.Role(r)
	var policies []struct{ PolicyDocument json.RawMessage }
	if err = cmp.Or(err, d.scope.Into(r, map[string]any{"Policies": &policies})); len(policies) > 0 {
		want.Policy = string(policies[0].PolicyDocument)
	}
	switch {
	case err != nil:
		e.unknown("roles", name, err.Error())
	case !blueprint.Alike(is.Trust, want.Trust):
		e.other(d, "roles", name, "it trusts others than it shall")
	case !blueprint.Alike(is.Policy, want.Policy):
		e.other(d, "roles", name, "its policy isn't the template's")
	case is.Boundary != want.Boundary:
		e.other(d, "roles", name, fmt.Sprintf("its permissions boundary is %s, not %s", cmp.Or(is.Boundary, "none"), cmp.Or(want.Boundary, "none")))
	}
}

// rule judges what a rule matches, whether it is on, and where it sends.
func (e *examiner) rule(d *deployment, r blueprint.Resource, name string) {
	if e.Rules.Problem != "" {
		e.unseen("rules", e.Rules.Problem)
		return
	}
	i := slices.IndexFunc(e.Rules.Is, func(is blueprint.Rule) bool { return is.Name == name })
	if i < 0 {
		e.missing(d, "rules", name)
		return
	}
	is := e.Rules.Is[i]
	if is.State != "ENABLED" {
		e.bad("rules", name, "it is "+is.State+": what it matches isn't heard of", "", e.here("events", "enable-rule", "--name", name))
	}
	want, err := d.scope.Rule(r)
	if err != nil {
		e.unknown("rules", name, err.Error())
		return
	}
	if d.exact && (is.Schedule != want.Schedule || want.Pattern != "" && !blueprint.Same(is.Pattern, want.Pattern)) {
		e.other(d, "rules", name, "it matches something else")
	}
	for _, t := range want.Targets {
		if !slices.Contains(is.Targets, t) {
			e.other(d, "rules", name, "it doesn't send to "+t.ARN)
		}
	}
}

// queue judges a queue of dead letters by what is in it.
func (e *examiner) queue(d *deployment, _ blueprint.Resource, url string) {
	q := of(e, d, "queues", url, e.Queues)
	if q != nil && q.Waiting > 0 && strings.Contains(path.Base(url), "-dead") {
		e.bad("queues", path.Base(url), fmt.Sprintf("it has %s that couldn't be worked on", count(q.Waiting, "message")), "dead-letters",
			e.here("sqs", "receive-message", "--queue-url", url, "--message-attribute-names", "All"))
	}
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (e *examiner) queues(_ *deployment, all []blueprint.Resource) string {
	waiting := 0
	for _, q := range e.Queues {
		if q.Is != nil {
			waiting += q.Is.Waiting
		}
	}
	return fmt.Sprintf("%d queues are there; %s waiting, no dead letters", len(all), count(waiting, "message"))
}

// queuePolicy judges who may send to a queue.
func (e *examiner) queuePolicy(d *deployment, r blueprint.Resource, _ string) {
	var urls []string
	var want string
	if err := d.scope.Into(r, map[string]any{"Queues": &urls, "PolicyDocument": &want}); err != nil {
		e.unknown("queue-policies", r.ID, err.Error())
		return
	}
	for _, url := range urls {
		a := e.Queues[url]
		if a.Problem == "" && a.Is != nil && d.exact && !blueprint.Alike(a.Is.Policy, want) {
			e.other(d, "queue-policies", path.Base(url), "its policy isn't the template's")
		}
		if a.Problem != "" {
			e.unknown("queue-policies", path.Base(url), a.Problem)
		}
	}
}

// source judges what feeds a function from a queue.
func (e *examiner) source(d *deployment, r blueprint.Resource, id string) {
	a := e.Sources[id]
	switch {
	case a.Problem != "":
		e.unknown("mappings", r.ID, a.Problem)
	case a.Is == "":
		e.missing(d, "mappings", r.ID)
	case a.Is != "Enabled" && a.Is != "Enabling":
		e.bad("mappings", r.ID, "it is "+a.Is+": its function gets nothing from its queue", "stopping-it", e.here("lambda", "update-event-source-mapping", "--uuid", id, "--enabled"))
	}
}
