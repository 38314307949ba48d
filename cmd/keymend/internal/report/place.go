package report

import (
	"cmp"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/quote"
	"keymend/pkg/record"
)

// A Place is where a person's commands act. A printed command leads to the same place,
// from whichever shell it is pasted into.
type Place struct {
	Account  string // "" = not known
	Region   string
	Profile  string   // of the shared AWS config; "" = the credentials come from elsewhere
	Endpoint string   // "" = AWS
	Roles    []string // flags that say how a change is reached, and so how it is taken back
}

// flags name the place; whose tells whether it is named whose credentials, too.
func (p Place) flags(whose bool) []string {
	var out []string
	if p.Profile != "" && whose {
		out = append(out, option("--profile", p.Profile)...)
	}
	if p.Region != "" {
		out = append(out, "--region", p.Region)
	}
	if p.Endpoint != "" {
		out = append(out, "--endpoint-url", p.Endpoint)
	}
	return out
}

// option keeps a value that begins with a dash from being taken for another option.
func option(name, value string) []string {
	if strings.HasPrefix(value, "-") {
		return []string{name + "=" + value}
	}
	return []string{name, value}
}

// Run returns the command that runs Keymend there, about nothing in particular.
func (p Place) Run(command string, flags ...string) string {
	return quote.Command(slices.Concat([]string{"keymend", command}, flags, p.flags(true))...)
}

// Keymend returns the command that runs Keymend there, about a group or a remediation.
func (p Place) Keymend(command, about string, flags ...string) string {
	flags = append(flags, p.flags(true)...)
	if strings.HasPrefix(about, "-") {
		return quote.Command(slices.Concat([]string{"keymend", command}, flags, []string{"--", about})...)
	}
	return quote.Command(slices.Concat([]string{"keymend", command, about}, flags)...)
}

// Undo returns the command that takes a remediation back there.
func (p Place) Undo(id string, flags ...string) string {
	return p.Keymend("undo", id, slices.Concat(flags, p.Roles)...)
}

// AWS returns a task's command as it acts there. The credentials are named only where
// they are those of the task's account; the endpoint always, since there may be the
// same AWS nowhere else.
func (p Place) AWS(t quote.Task) string {
	p.Region = "" // the command has its own
	words := p.flags(cmp.Or(t.Account, p.Account) == p.Account)
	if len(words) == 0 {
		return t.Command
	}
	return t.Command + " " + quote.Command(words...)
}

// run writes tasks, each on a line of its own, below a line that says whose they are
// where they are another account's.
func (p Place) run(page *screen.Page, label string, tasks []quote.Task) {
	for _, t := range tasks {
		if t.Account != p.Account {
			page.Row(screen.Bold, label, "account "+t.Account+" runs:")
			label = ""
		}
		page.Whole(screen.Bold, label, p.AWS(t))
		label = ""
	}
}

// keyName leaves out what is the same for every key of the record's account and Region.
func keyName(r record.Record) string {
	_, name, found := strings.Cut(r.Key, ":key/")
	if !found || !strings.Contains(r.Key, ":"+r.Account+":") || !strings.Contains(r.Key, ":"+r.Region+":") {
		return r.Key // of elsewhere: where, is the point
	}
	return "...key/" + name
}
