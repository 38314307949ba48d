package report

import (
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// show writes what is known of the key. Where it is one of several, its name comes first.
func (k Key) show(p *screen.Page, several bool) {
	r := k.Finding
	if r.Key == "" { // about the group: no key stands in the way
		p.Row(screen.Bold, "from", k.from()...)
		k.moves(p)
		k.standIns(p, r.Bridges)
		return
	}
	if several {
		k.name(p)
		k.why(p)
	} else {
		k.why(p)
		k.name(p)
	}
	p.Row(screen.Bold, "from", k.from()...)
	p.Row(screen.Bold, "role", arn.Last(r.Principal))
	k.groupRole(p)
	k.decisions(p)
}

// name says which key it is, its state, and whether its owner enrolled it.
func (k Key) name(p *screen.Page) {
	r := k.Finding
	p.Row(screen.Bold, "key", r.Key+" "+screen.Joined(", ", r.Alias, stateWords(r.KeyState), k.enrolled()))
}

// enrolled says whether the key's owner lets Keymend open it, as far as the verdict tells.
func (k Key) enrolled() string {
	r := k.Finding
	switch {
	case r.Verdict == nil:
		return ""
	case judged(r, guard.PersonDecided) && arn.Account(r.Key) != r.Account:
		return "" // nobody reads the tags of another account's key
	}
	return map[guard.Reason]string{
		guard.Consented:        "enrolled",
		guard.NotConsented:     "not enrolled",
		guard.PersonDecided:    "not enrolled",
		guard.ConsentElsewhere: "enrolled for other accounts",
		guard.KeyIgnored:       "its owner forbids changes (keymend=ignore)",
	}[r.Verdict.Reason]
}

// from says in words why the launch takes the key, whose ARN has a row of its own.
func (k Key) from() []string {
	out := make([]string, len(k.Finding.Because))
	for i, text := range k.Finding.Because {
		out[i] = fromWords(text)
		if k.Finding.Key != "" {
			out[i] = strings.TrimSuffix(out[i], " "+k.Finding.Key)
		}
	}
	return out
}

func fromWords(text string) string {
	device, why, _ := strings.Cut(text, ": ")
	if at, ok := strings.CutPrefix(why, "Encrypted without KmsKeyId in "); ok {
		if source, key, ok := strings.Cut(at, ", so the account's default EBS key"); ok {
			return device + " in " + source + " is encrypted without naming a key: the account's default EBS key" + key
		}
	}
	if source, ok := strings.CutPrefix(why, "KmsKeyId in "); ok {
		return device + " in " + source + " names it (KmsKeyId)"
	}
	return text
}

// decisions has a line for each decision, with its operations.
func (k Key) decisions(p *screen.Page) {
	r := k.Finding
	if k.unusable() {
		return // its state decides, whatever else stands
	}
	if r.Missing.IsZero() {
		p.Row(screen.Good, "allowed", "all that a launch needs")
		r.Allowed = nil
	}
	until := ""
	if k.Outcome() == outcome.Fixed {
		until = ", until the fix"
	}
	row := func(ink screen.Ink, label string, operations []string, until string) {
		if len(operations) > 0 {
			p.Row(ink, label, strings.Join(operations, ", ")+until)
		}
	}
	row(screen.Bad, "denied", r.Missing[access.Denied], until)
	row(screen.Doubt, "unknown", r.Missing[access.Unknown], until)
	row(screen.Good, "allowed", r.Allowed, "")
	if i := r.Instance; i != nil {
		p.Row(screen.Bold, "role", arn.Last(i.Role)+": EC2 decrypts the volumes of instances as this role")
		row(screen.Bad, "denied", decrypts(i, access.Denied), "")
		row(screen.Doubt, "unknown", decrypts(i, access.Unknown), "")
	}
}

// decrypts is the instance's one operation, where it is decided so.
func decrypts(i *record.Instance, d access.Decision) []string {
	if i.Decision != d {
		return nil
	}
	return []string{"Decrypt"}
}
