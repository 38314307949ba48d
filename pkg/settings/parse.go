package settings

import (
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
	p := parser{get: get}
	c := Config{
		Mode:            oneOf(&p, variable.Mode, "", Observe, Propose, Enforce),
		Scope:           oneOf(&p, variable.Scope, Tagged, Tagged, AllKeys),
		OwnKey:          oneOf(&p, variable.OwnKey, OwnKeyAuto, OwnKeyAuto, OwnKeyPolicy, OwnKeyGrant),
		SwitchParameter: p.matching(variable.SwitchParameter, `[a-zA-Z0-9_./-]+`),
		OwnershipTags:   p.list(variable.OwnershipTags),
		ChangesQueueURL: p.matching(variable.ChangesQueueURL, `(https?://\S+\.fifo)?`),
		LooksQueueURL:   p.matching(variable.LooksQueueURL, `https?://\S+`),
		DriftQueueURL:   p.matching(variable.DriftQueueURL, `(https?://\S+\.fifo)?`),
		RolePrefix:      p.matching(variable.RolePrefix, `[\w+=,.@-]{0,40}`),
		VerifyReads:     p.count(variable.VerifyReads),
		VerifyInterval:  p.interval(variable.VerifyInterval),
		Partition:       oneOf(&p, variable.Partition, "aws", "aws", "aws-cn", "aws-us-gov"),
		ApproverRoleID:  p.matching(variable.ApproverRoleID, `AROA[A-Z0-9]+`),

		Accounts:          p.accounts(variable.Accounts),
		ForeignKey:        p.foreignKey(variable.ForeignKey),
		ForeignStatements: oneOf(&p, variable.ForeignStatements, Procedure, Procedure, Least),

		Dedicated:   p.serviceLinkedRole(variable.ServiceLinkedRole),
		Resume:      p.upTo(variable.ResumeSuspended, 1000),
		CopyKey:     p.matching(variable.CopyKey, keyPattern),
		MoveDefault: oneOf(&p, variable.MoveDefault, "false", "false", "true") == "true",

		MaxChangesAnHour: p.most(variable.MaxChangesAnHour, 10),

		Regions:     p.list(variable.Regions),
		ActionTopic: p.matching(variable.ActionTopic, `arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]+`),

		Governed:       p.regions(variable.Governed),
		ListingAccount: p.matching(variable.ListingAccount, `[0-9]{12}`),
	}
	if c.ForeignKey == ForeignCopy && c.CopyKey == "" {
		c.ForeignKey = ForeignReport // the key is set, and none
	}
	most := 20 // of one account
	if c.Organization() {
		c.Scope = Tagged // its owner's word is the one wall of a key that is left
		most = 100
	}
	c.MaxChangesAnHourInAll = p.most(variable.MaxChangesAnHourInAll, most)
	p.proof(c)
	if len(p.problems) > 0 {
		c.Mode = Observe
		p.problems = append(p.problems, ErrMode)
	}
	return c, errors.Join(p.problems...)
}

type parser struct {
	get      func(string) string
	problems []error
}

func (p *parser) problem(name, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("%s "+format, append([]any{name}, args...)...))
}

// oneOf returns the value if it is allowed. An unset one is the default; where
// there is no default, being unset is a problem.
func oneOf[T ~string](p *parser, name string, unset T, allowed ...T) T {
	value := T(p.get(name))
	if value == "" && unset != "" {
		return unset
	}
	if slices.Contains(allowed, value) {
		return value
	}
	p.problem(name, "is %q; it must be one of: %s", value, strings.ReplaceAll(strings.Trim(fmt.Sprint(allowed), "[]"), " ", ", "))
	return allowed[0]
}

func (p *parser) matching(name, pattern string) string {
	value := p.get(name)
	if value == "" {
		return ""
	}
	if ok, err := regexp.MatchString(`^(?:`+pattern+`)$`, value); err != nil || !ok {
		p.problem(name, "is %q; it must match %s", value, pattern)
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
			p.problem(name, "is %q, and %s is unset; in an organization Keymend acts through roles", tag.Organization, variable.RolePrefix)
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
	switch value := ForeignKey(p.get(name)); {
	case value == "" || value == ForeignGrant:
		return ForeignGrant
	case value == ForeignCopy && p.get(variable.CopyKey) == "":
		p.problem(name, "is %q, and %s is unset; copies need a key of the group's account and Region to lie under", value, variable.CopyKey)
	case value == ForeignCopy && strings.Contains(p.get(variable.CopyKey), "alias/aws/"):
		p.problem(variable.CopyKey, "is %q, a key that AWS manages; copies need a customer managed key", p.get(variable.CopyKey))
	case value == ForeignCopy:
		return ForeignCopy
	case value != ForeignReport:
		p.problem(name, "is %q; it must be one of: grant, copy, report", value)
	}
	return ForeignReport
}

// upTo returns a number from 0, which is the default, to the most.
func (p *parser) upTo(name string, most int) int {
	value := p.get(name)
	n, err := strconv.Atoi(value)
	if value != "" && (err != nil || n < 0 || n > most) {
		p.problem(name, "is %q; it must be a number from 0 to %d", value, most)
		return 0
	}
	return n
}

// count returns how many reads show that a write took. One is enough where the launch
// that follows is looked at; Terraform waits for five:
// hashicorp/terraform-provider-aws internal/service/kms/key.go.
func (p *parser) count(name string) int {
	const unset, most = 1, 20
	value := p.get(name)
	if value == "" {
		return unset
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		p.problem(name, "is %q; it must be a number from 1 to %d", value, most)
		return unset
	}
	return n
}

// most returns how many changes may be begun in an hour; by a bad value none.
func (p *parser) most(name string, unset int) int {
	const most = 1000 // more would be no brake, and what is read to count them has to fit into an invocation
	value := p.get(name)
	if value == "" {
		return unset
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > most {
		p.problem(name, "is %q; it must be a number from 0 to %d", value, most)
		return 0
	}
	return n
}

// proof: remediate has a minute, and reads more often than it has to where a
// write doesn't show. What doesn't fit would never end in an outcome.
func (p *parser) proof(c Config) {
	const most = 10 * time.Second
	if whole := time.Duration(c.VerifyReads) * c.VerifyInterval; whole > most {
		p.problem(variable.VerifyInterval, "is %q; %s times that is %s, and must be at most %s",
			p.get(variable.VerifyInterval), strconv.Itoa(c.VerifyReads), whole, most)
	}
}

func (p *parser) interval(name string) time.Duration {
	const unset, most = time.Second, 30 * time.Second
	value := p.get(name)
	if value == "" {
		return unset
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > most {
		p.problem(name, "is %q; it must be a duration from 0s to %s", value, most)
		return unset
	}
	return d
}
