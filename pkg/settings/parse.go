package settings

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"keymend/pkg/settings/variable"
	"keymend/pkg/tag"
)

// Parse reads the settings; get is os.Getenv or alike. The error joins every
// problem, not only the first, and the Config is usable even then: with any
// problem at all its mode is observe.
func Parse(get func(string) string) (Config, error) {
	return ParseAs(get, func(name string) string { return name })
}

// ParseAs reads the settings, too. Its problems call each setting as called does: a person
// set it by a flag, or in cdk.json.
func ParseAs(get, called func(variable.Name) string) (Config, error) {
	p := parser{get: get, called: called}
	for _, s := range Table() {
		s.read(&p, s)
	}
	p.organization()
	p.copies()
	p.proof()
	if len(p.problems) > 0 {
		p.config.Mode = Observe
		p.problems = append(p.problems, ErrMode)
	}
	return p.config, errors.Join(p.problems...)
}

type parser struct {
	get, called func(string) string
	config      Config
	problems    []error
}

func (p *parser) problem(name, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("%s "+format, append([]any{p.called(name)}, args...)...))
}

// bad is the problem of a value that isn't allowed.
func (p *parser) bad(s Setting) {
	p.problem(s.Variable, "is %q; it must be %s", p.get(s.Variable), s.Allowed())
}

// value returns what is set, or else the default.
func (p *parser) value(s Setting) string { return cmp.Or(p.get(s.Variable), s.Default) }

// oneOf returns the value if it is allowed, and else the first that is. Where there is
// no default, being unset is a problem.
func oneOf[T ~string](p *parser, s Setting) T {
	if value := p.value(s); s.Allows(value) {
		return T(value)
	}
	p.bad(s)
	return T(s.Choices[0])
}

// number returns a number within the setting's limits, and for a bad value the lowest.
func (p *parser) number(s Setting) int {
	if !s.Allows(p.value(s)) {
		p.bad(s)
		return s.From
	}
	n, _ := strconv.Atoi(p.value(s)) // it is one, since it is allowed
	return n
}

// text returns a text that is as the setting's pattern says, and "" for a bad one.
func (p *parser) text(s Setting) string {
	value := p.get(s.Variable)
	if value != "" && !s.Allows(value) {
		p.bad(s)
		return ""
	}
	return value
}

// list returns the members of a list, which are separated by commas.
func (p *parser) list(s Setting) []string {
	var out []string
	for item := range strings.SplitSeq(p.get(s.Variable), ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// listOf returns the members of a list, each of which is to be written as told. One bad
// member empties it: it isn't known what the writer meant.
func (p *parser) listOf(s Setting, good func(string) bool, told string) []string {
	all := p.list(s)
	for _, one := range all {
		if !good(one) {
			p.problem(s.Variable, "has %q; %s", one, told)
			return nil
		}
	}
	return all
}

// accounts reads an allow list, or the word for an organization.
func (p *parser) accounts(s Setting) []string {
	all := p.list(s)
	if slices.Equal(all, []string{tag.Organization}) {
		if p.get(variable.RolePrefix) == "" {
			p.problem(s.Variable, "is %q, and %s is unset; in an organization Keymend acts through roles", tag.Organization, p.called(variable.RolePrefix))
			return nil
		}
		return all
	}
	all = p.listOf(s, regexp.MustCompile(`^[0-9]{12}$`).MatchString, "an account's id has 12 digits, and the word "+tag.Organization+" stands alone")
	slices.Sort(all)
	return slices.Compact(all)
}

// IsRegion reports whether a text is written like the name of a Region.
func IsRegion(text string) bool {
	return regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`).MatchString(text)
}

// organization: in one, a key's owner has to enrol it, since nothing else keeps Keymend
// from it; and there are more groups.
func (p *parser) organization() {
	if !p.config.Organization() {
		return
	}
	p.config.Scope = Tagged
	if p.get(variable.MaxChangesAnHourInAll) == "" {
		p.config.MaxChangesAnHourInAll = 100
	}
}

// copies lets nothing be copied before it is known under which key.
func (p *parser) copies() {
	key := p.get(variable.CopyKey)
	switch {
	case p.config.ForeignKey != ForeignCopy:
		return
	case key == "":
		p.problem(variable.ForeignKey, "is %q, and %s is unset; copies need a key of the group's account and Region to lie under", ForeignCopy, p.called(variable.CopyKey))
	case strings.Contains(key, "alias/aws/"):
		p.problem(variable.CopyKey, "is %q, a key that AWS manages; copies need a customer managed key", key)
	case p.config.CopyKey != "":
		return
	}
	p.config.ForeignKey = ForeignReport
}

// mostChanges in an hour: more would be no brake, and what is read to count them has to
// fit into an invocation.
const mostChanges = 1000

// proof: remediate has a minute, and reads more often than it has to where a write
// doesn't show. What doesn't fit would never end in an outcome. One read is enough where
// the launch that follows is looked at; Terraform waits for five:
// hashicorp/terraform-provider-aws internal/service/kms/key.go.
func (p *parser) proof() {
	const most = 10 * time.Second
	if whole := time.Duration(p.config.VerifyReads) * p.config.VerifyInterval; whole > most {
		p.problem(variable.VerifyInterval, "is %q; %d times that is %s, and must be at most %s",
			p.config.VerifyInterval.String(), p.config.VerifyReads, whole, most)
	}
}

// interval returns a duration, and for a bad value the default.
func (p *parser) interval(s Setting) time.Duration {
	const most = 30 * time.Second
	d, err := time.ParseDuration(p.value(s))
	if err != nil || d < 0 || d > most {
		p.bad(s)
		return time.Second
	}
	return d
}
