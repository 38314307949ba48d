package settings

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The environment variables.
const (
	EnvMode            = "KEYMEND_MODE"
	EnvScope           = "KEYMEND_SCOPE"
	EnvOwnKey          = "KEYMEND_OWN_KEY"
	EnvSwitchParameter = "KEYMEND_SWITCH_PARAMETER"
	EnvOwnershipTags   = "KEYMEND_OWNERSHIP_TAGS" // separated by commas
	EnvChangesQueueURL = "KEYMEND_CHANGES_QUEUE_URL"
	EnvRolePrefix      = "KEYMEND_ROLE_PREFIX"
	EnvVerifyReads     = "KEYMEND_VERIFY_READS"
	EnvVerifyInterval  = "KEYMEND_VERIFY_INTERVAL" // as in "2s"
	EnvPartition       = "KEYMEND_PARTITION"

	EnvAccounts          = "KEYMEND_ACCOUNTS" // separated by commas
	EnvForeignKey        = "KEYMEND_FOREIGN_KEY"
	EnvForeignStatements = "KEYMEND_FOREIGN_STATEMENTS"

	EnvServiceLinkedRole = "KEYMEND_SERVICE_LINKED_ROLE"
	EnvCopyKey           = "KEYMEND_COPY_KEY"
	EnvMoveDefault       = "KEYMEND_MOVE_DEFAULT"
)

// Names returns every environment variable that Parse reads.
func Names() []string {
	return []string{
		EnvMode, EnvScope, EnvOwnKey, EnvSwitchParameter, EnvOwnershipTags,
		EnvChangesQueueURL, EnvRolePrefix, EnvVerifyReads, EnvVerifyInterval, EnvPartition,
		EnvAccounts, EnvForeignKey, EnvForeignStatements, EnvCopyKey, EnvMoveDefault,
		EnvServiceLinkedRole,
	}
}

// Parse reads the settings; get is os.Getenv or alike. The error joins every
// problem, not only the first, and the Config is usable even then: with any
// problem at all its mode is observe.
func Parse(get func(string) string) (Config, error) {
	p := parser{get: get}
	c := Config{
		Mode:            p.oneOf(EnvMode, "", "observe", "propose", "enforce"),
		Scope:           p.oneOf(EnvScope, "tagged", "tagged", "all"),
		OwnKey:          p.oneOf(EnvOwnKey, "auto", "auto", "policy", "grant"),
		SwitchParameter: p.matching(EnvSwitchParameter, `[a-zA-Z0-9_./-]+`),
		OwnershipTags:   p.list(EnvOwnershipTags),
		ChangesQueueURL: p.matching(EnvChangesQueueURL, `(https?://\S+\.fifo)?`),
		RolePrefix:      p.matching(EnvRolePrefix, `[\w+=,.@-]{0,40}`),
		VerifyReads:     p.count(EnvVerifyReads),
		VerifyInterval:  p.interval(EnvVerifyInterval),
		Partition:       p.oneOf(EnvPartition, "aws", "aws", "aws-cn", "aws-us-gov"),

		Accounts:          p.accounts(EnvAccounts),
		ForeignKey:        p.foreignKey(EnvForeignKey),
		ForeignStatements: p.oneOf(EnvForeignStatements, "procedure", "procedure", "least"),

		ServiceLinkedRole: p.serviceLinkedRole(EnvServiceLinkedRole),
		CopyKey:           p.matching(EnvCopyKey, keyPattern),
		MoveDefault:       p.oneOf(EnvMoveDefault, "false", "false", "true") == "true",
	}
	if c.ForeignKey == "copy" && c.CopyKey == "" {
		c.ForeignKey = "report" // the key is set, and none
	}
	p.proof(c)
	if len(p.problems) > 0 {
		c.Mode = "observe"
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
func (p *parser) oneOf(name, unset string, allowed ...string) string {
	value := p.get(name)
	if value == "" && unset != "" {
		return unset
	}
	for _, a := range allowed {
		if value == a {
			return value
		}
	}
	p.problem(name, "is %q; it must be one of: %s", value, strings.Join(allowed, ", "))
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

// accounts reads an allow list. One bad entry empties it: it isn't known what the
// writer meant.
func (p *parser) accounts(name string) []string {
	all := p.list(name)
	id := regexp.MustCompile(`^[0-9]{12}$`)
	for _, account := range all {
		if !id.MatchString(account) {
			p.problem(name, "has %q; an account's id has 12 digits", account)
			return nil
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// keyPattern is a key's ARN, or its alias as a name or an ARN. Names that begin
// with alias/aws/ are of keys that AWS manages, whose policy nobody can change.
const keyPattern = `arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/[a-zA-Z0-9-]+|alias/[a-zA-Z0-9/_-]+)|alias/[a-zA-Z0-9/_-]+`

// foreignKey lets nothing be copied before it is known under which key. What is
// most careful stands in for a bad value.
func (p *parser) foreignKey(name string) string {
	switch value := p.get(name); {
	case value == "" || value == "grant":
		return "grant"
	case value == "copy" && p.get(EnvCopyKey) == "":
		p.problem(name, "is %q, and %s is unset; copies need a key of the group's account and Region to lie under", value, EnvCopyKey)
	case value == "copy" && strings.Contains(p.get(EnvCopyKey), "alias/aws/"):
		p.problem(EnvCopyKey, "is %q, a key that AWS manages; copies need a customer managed key", p.get(EnvCopyKey))
	case value == "copy":
		return "copy"
	case value != "report":
		p.problem(name, "is %q; it must be one of: grant, copy, report", value)
	}
	return "report"
}

// count returns how many reads prove a write. Terraform waits for five:
// hashicorp/terraform-provider-aws internal/service/kms/key.go.
func (p *parser) count(name string) int {
	const unset, most = 5, 20
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

// proof: remediate has a minute, and reads up to four times as often as it has
// to. What doesn't fit would never end in an outcome.
func (p *parser) proof(c Config) {
	const most = 10 * time.Second
	if whole := time.Duration(c.VerifyReads) * c.VerifyInterval; whole > most {
		p.problem(EnvVerifyInterval, "is %q; %s times that is %s, and must be at most %s",
			p.get(EnvVerifyInterval), strconv.Itoa(c.VerifyReads), whole, most)
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
