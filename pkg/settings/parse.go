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

// ParseAs is Parse, with problems that call each setting as called does: a person set it
// by a flag, or in cdk.json.
func ParseAs(get, called func(variable.Name) string) (Config, error) {
	p := parser{get: get, called: called, table: byVariable()}
	c := Config{
		Mode:            oneOf[Mode](&p, variable.Mode),
		Scope:           oneOf[Scope](&p, variable.Scope),
		OwnKey:          oneOf[OwnKey](&p, variable.OwnKey),
		SwitchParameter: p.matching(variable.SwitchParameter, `[a-zA-Z0-9_./-]+`),
		OwnershipTags:   p.list(variable.OwnershipTags),
		ChangesQueueURL: p.matching(variable.ChangesQueueURL, `(https?://\S+\.fifo)?`),
		LooksQueueURL:   p.matching(variable.LooksQueueURL, `https?://\S+`),
		DriftQueueURL:   p.matching(variable.DriftQueueURL, `(https?://\S+\.fifo)?`),
		RolePrefix:      p.matching(variable.RolePrefix, `[\w+=,.@-]{0,40}`),
		VerifyReads:     p.number(variable.VerifyReads),
		VerifyInterval:  p.interval(variable.VerifyInterval),
		Partition:       oneOf[string](&p, variable.Partition),
		ApproverRoleID:  p.matching(variable.ApproverRoleID, `AROA[A-Z0-9]+`),

		Accounts:          p.accounts(variable.Accounts),
		ForeignKey:        p.foreignKey(variable.ForeignKey),
		ForeignStatements: oneOf[ForeignStatements](&p, variable.ForeignStatements),

		Dedicated:   p.serviceLinkedRole(variable.ServiceLinkedRole),
		Resume:      p.number(variable.ResumeSuspended),
		CopyKey:     p.matching(variable.CopyKey, keyPattern),
		MoveDefault: oneOf[string](&p, variable.MoveDefault) == "true",

		MaxChangesAnHour: p.number(variable.MaxChangesAnHour),
		Regions:          p.list(variable.Regions),
		ActionTopic:      p.matching(variable.ActionTopic, `arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]+`),

		Governed:       p.regions(variable.Governed),
		ListingAccount: p.matching(variable.ListingAccount, `[0-9]{12}`),
	}
	if c.ForeignKey == ForeignCopy && c.CopyKey == "" {
		c.ForeignKey = ForeignReport // the key is set, and none
	}
	c.MaxChangesAnHourInAll = p.number(variable.MaxChangesAnHourInAll)
	if c.Organization() {
		c.Scope = Tagged // its owner's word is the one wall of a key that is left
		if get(variable.MaxChangesAnHourInAll) == "" {
			c.MaxChangesAnHourInAll = 100
		}
	}
	p.proof(c)
	if len(p.problems) > 0 {
		c.Mode = Observe
		p.problems = append(p.problems, ErrMode)
	}
	return c, errors.Join(p.problems...)
}

func byVariable() map[string]Setting {
	out := map[string]Setting{}
	for _, s := range Table() {
		out[s.Variable] = s
	}
	return out
}

type parser struct {
	get, called func(string) string
	table       map[string]Setting
	problems    []error
}

func (p *parser) problem(name, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("%s "+format, append([]any{p.called(name)}, args...)...))
}

// bad is the problem of a value that isn't allowed.
func (p *parser) bad(name string) {
	p.problem(name, "is %q; it must be %s", p.get(name), p.table[name].Allowed())
}

// value returns what is set, or else the default.
func (p *parser) value(name string) string { return cmp.Or(p.get(name), p.table[name].Default) }

// oneOf returns the value if it is allowed, and else the first that is. Where there is
// no default, being unset is a problem.
func oneOf[T ~string](p *parser, name string) T {
	value, choices := p.value(name), p.table[name].Choices
	if slices.Contains(choices, value) {
		return T(value)
	}
	p.bad(name)
	return T(choices[0])
}

func (p *parser) matching(name, pattern string) string {
	value := p.get(name)
	if value == "" {
		return ""
	}
	if ok, err := regexp.MatchString(`^(?:`+pattern+`)$`, value); err != nil || !ok {
		p.bad(name)
		return ""
	}
	return value
}

func (p *parser) list(name string) []string {
	var out []string
	for item := range strings.SplitSeq(p.get(name), ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// accounts reads an allow list, or the word for an organization. One bad entry empties
// it: it isn't known what the writer meant.
func (p *parser) accounts(name string) []string {
	all := p.list(name)
	if slices.Equal(all, []string{tag.Organization}) {
		if p.get(variable.RolePrefix) == "" {
			p.problem(name, "is %q, and %s is unset; in an organization Keymend acts through roles", tag.Organization, p.called(variable.RolePrefix))
			return nil
		}
		return all
	}
	id := regexp.MustCompile(`^[0-9]{12}$`)
	for _, account := range all {
		if !id.MatchString(account) {
			p.problem(name, "has %q; an account's id has 12 digits, and the word %s stands alone", account, tag.Organization)
			return nil
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// regions reads a list of Regions. One bad entry empties it, as one of accounts.
func (p *parser) regions(name string) []string {
	all := p.list(name)
	form := regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)
	for _, region := range all {
		if !form.MatchString(region) {
			p.problem(name, "has %q; a Region is written like eu-west-1", region)
			return nil
		}
	}
	return all
}

// keyPattern is a key's ARN, or its alias as a name or an ARN. Names that begin
// with alias/aws/ are of keys that AWS manages, whose policy nobody can change.
const keyPattern = `arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/[a-zA-Z0-9-]+|alias/[a-zA-Z0-9/_-]+)|alias/[a-zA-Z0-9/_-]+`

// foreignKey lets nothing be copied before it is known under which key. What is
// most careful stands in for a bad value.
func (p *parser) foreignKey(name string) ForeignKey {
	key := p.get(variable.CopyKey)
	switch value := oneOf[ForeignKey](p, name); {
	case value != ForeignCopy:
		return value
	case key == "":
		p.problem(name, "is %q, and %s is unset; copies need a key of the group's account and Region to lie under", value, p.called(variable.CopyKey))
	case strings.Contains(key, "alias/aws/"):
		p.problem(variable.CopyKey, "is %q, a key that AWS manages; copies need a customer managed key", key)
	default:
		return value
	}
	return ForeignReport
}

// mostChanges in an hour: more would be no brake, and what is read to count them has to
// fit into an invocation.
const mostChanges = 1000

// number returns a number within the setting's limits, and for a bad value the lowest.
func (p *parser) number(name string) int {
	s := p.table[name]
	n, err := strconv.Atoi(p.value(name))
	if err != nil || n < s.From || n > s.To {
		p.bad(name)
		return s.From
	}
	return n
}

// proof: remediate has a minute, and reads more often than it has to where a write
// doesn't show. What doesn't fit would never end in an outcome. One read is enough where
// the launch that follows is looked at; Terraform waits for five:
// hashicorp/terraform-provider-aws internal/service/kms/key.go.
func (p *parser) proof(c Config) {
	const most = 10 * time.Second
	if whole := time.Duration(c.VerifyReads) * c.VerifyInterval; whole > most {
		p.problem(variable.VerifyInterval, "is %q; %s times that is %s, and must be at most %s",
			p.value(variable.VerifyInterval), strconv.Itoa(c.VerifyReads), whole, most)
	}
}

func (p *parser) interval(name string) time.Duration {
	const most = 30 * time.Second
	d, err := time.ParseDuration(p.value(name))
	if err != nil || d < 0 || d > most {
		p.bad(name)
		return time.Second
	}
	return d
}
