package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"keymend/pkg/settings/variable"
)

// A Setting is one thing that an operator can set: Parse, the program's flags, the
// templates' parameters and docs/settings.md follow from it.
type Setting struct {
	Variable variable.Name // "" = only a deployment has it
	Context  string        // its key in cdk.json, without "keymend:"; "" = a deployment sets it by itself
	Choices  []string      // the values, the most careful first; none = a value is as Pattern and Form say, or lies From to To
	Pattern  string        // regular expression of a whole value, for the templates, too; "" = any
	Form     string        // what a value is, in words
	From, To int
	Default  string // "" = none
	Help     string // what it does
	NoFlag   string // why there is no flag at a terminal; "" = there is one

	read func(*parser, Setting) // sets the field of Config
}

// Flag returns the name that the setting has as a flag, without its dashes.
func (s Setting) Flag() string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(s.Variable, "KEYMEND_"), "_", "-"))
}

// Allowed says in words what may be set.
func (s Setting) Allowed() string {
	switch {
	case len(s.Choices) > 0:
		return "one of: " + strings.Join(s.Choices, ", ")
	case s.Form == "":
		return fmt.Sprintf("a number from %d to %d", s.From, s.To)
	}
	return s.Form
}

// Allows reports whether a value may be set, as far as choices, limits and pattern tell.
func (s Setting) Allows(value string) bool {
	switch {
	case len(s.Choices) > 0:
		return slices.Contains(s.Choices, value)
	case s.To > 0:
		n, err := strconv.Atoi(value)
		return err == nil && s.From <= n && n <= s.To
	}
	return s.Pattern == "" || regexp.MustCompile(`^(?:`+s.Pattern+`)$`).MatchString(value)
}

// Table returns every setting.
func Table() []Setting { return slices.Concat(ofKeys(), ofWrites(), ofFunctions()) }

// Why a setting is no flag.
const (
	unattended = "it is for what is done unattended; at a terminal a person decides, by --apply"
	functions  = "only the functions use it"
)

// How some values are written.
const (
	// keyPattern is a key's ARN, or its alias as a name or an ARN. Names that begin
	// with alias/aws/ are of keys that AWS manages, whose policy nobody can change.
	keyPattern   = `(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/[a-zA-Z0-9-]+|alias/[a-zA-Z0-9/_-]+)|alias/[a-zA-Z0-9/_-]+)?`
	topicPattern = `(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]+)?`
)

// ofKeys are about what is done for which keys and groups.
func ofKeys() []Setting {
	return []Setting{
		{Variable: variable.Mode, Context: "mode", Choices: words(Observe, Propose, Enforce), NoFlag: unattended,
			Help: "How far Keymend goes by itself: observe only records, propose also asks for approval, enforce also writes.",
			read: func(p *parser, s Setting) { p.config.Mode = oneOf[Mode](p, s) }},
		{Variable: variable.Scope, Context: "scope", Choices: words(Tagged, AllKeys), Default: string(Tagged),
			Help: "Which keys of the own account may be opened unattended: those that are enrolled, or all that aren't tagged keymend=ignore. Read docs/security.md before all.",
			read: func(p *parser, s Setting) { p.config.Scope = oneOf[Scope](p, s) }},
		{Variable: variable.OwnKey, Context: "ownKey", Choices: words(OwnKeyAuto, OwnKeyPolicy, OwnKeyGrant), Default: string(OwnKeyAuto),
			Help: "How a key of the own account is opened: policy adds statements, grant makes a grant, auto makes a grant only where statements can't be.",
			read: func(p *parser, s Setting) { p.config.OwnKey = oneOf[OwnKey](p, s) }},
		{Variable: variable.Accounts, Context: "accounts", Form: "ids of accounts, 12 digits each, separated by commas",
			Help: "Other accounts whose keys may be opened for groups of this one.",
			read: func(p *parser, s Setting) { p.config.Accounts = p.accounts(s) }},
		{Variable: variable.ForeignKey, Context: "foreignKey", Choices: words(ForeignReport, ForeignGrant, ForeignCopy), Default: string(ForeignGrant),
			Help: "What is done about a key of another account: report leaves it to its owner, grant opens it where its owner agrees, copy copies what lies under it under a key of the group's account (docs/copies.md).",
			read: func(p *parser, s Setting) { p.config.ForeignKey = oneOf[ForeignKey](p, s) }},
		{Variable: variable.ForeignStatements, Context: "foreignStatements", Choices: words(Procedure, Least), Default: string(Procedure),
			Help: "Which statements another account's key policy gets: those of AWS's procedure for the whole account, or the least, for the role that makes the grant.",
			read: func(p *parser, s Setting) { p.config.ForeignStatements = oneOf[ForeignStatements](p, s) }},
		{Variable: variable.CopyKey, Context: "copyKey", Pattern: keyPattern, Form: "a customer managed key of the group's account and Region: its ARN, or its alias as alias/NAME",
			Help: "The key that copies lie under.",
			read: func(p *parser, s Setting) { p.config.CopyKey = p.text(s) }},
		{Variable: variable.MoveDefault, Context: "moveDefault", Choices: []string{"false", "true"}, Default: "false",
			Help: "With copies: whether a launch template's $Default may be moved though other groups use it, too.",
			read: func(p *parser, s Setting) { p.config.MoveDefault = oneOf[string](p, s) == "true" }},
		{Variable: variable.ServiceLinkedRole, Context: "dedicatedRoleSuffix", Pattern: suffixPattern, Form: "keep, or dedicated: and the suffix of the role", Default: keep,
			Help: "Whether groups keep their service-linked role, or are moved to AWSServiceRoleForAutoScaling_SUFFIX where their keys aren't open to theirs. In cdk.json only the suffix is given.",
			read: func(p *parser, s Setting) { p.config.Dedicated = p.serviceLinkedRole(s) }},
		{Variable: variable.ResumeSuspended, Context: "resumeSuspended", To: 1000, Pattern: `[0-9]{1,4}`, Default: "0",
			Help: "A group that Auto Scaling stopped after a day of failures may launch again once every key is open, where at most so many instances are missing; 0: none may.",
			read: func(p *parser, s Setting) { p.config.Resume = p.number(s) }},
		{Variable: variable.OwnershipTags, Context: "ownershipTags", Form: "tag keys, separated by commas",
			Help: "Tag keys by which code marks the keys whose policy it owns: such a key gets a grant, until that code has the statements.",
			read: func(p *parser, s Setting) { p.config.OwnershipTags = p.list(s) }},
	}
}

// ofWrites are about how AWS is reached, and what a write waits for.
func ofWrites() []Setting {
	return []Setting{
		{Variable: variable.SwitchParameter, Context: "switchParameter", Pattern: `[a-zA-Z0-9_./-]+`, Form: "the name of an SSM parameter",
			Help: "The parameter that stops every write unless it is on. A terminal where none is set reads " + DefaultSwitch + ", and finds no switch where that isn't there.",
			read: func(p *parser, s Setting) { p.config.SwitchParameter = p.text(s) }},
		{Variable: variable.VerifyReads, Context: "verifyReads", From: 1, To: 20, Default: "1",
			Help: "How many reads in a row must show a write, and agree. What doesn't show is read again for some 15 seconds at least.",
			read: func(p *parser, s Setting) { p.config.VerifyReads = p.number(s) }},
		{Variable: variable.VerifyInterval, Context: "verifyInterval", Form: "a duration from 0s to 30s", Default: "1s",
			Help: "How far apart the reads after a write are; all of them may take 10 seconds. Below 1s the pauses between two tries get shorter, too.",
			read: func(p *parser, s Setting) { p.config.VerifyInterval = p.interval(s) }},
		{Variable: variable.MaxChangesAnHour, Context: "maxChangesAnHour", To: mostChanges, Default: "10", NoFlag: unattended,
			Help: "How many changes may be begun unattended within an hour in an account and Region; what is beyond is proposed. 0: none.",
			read: func(p *parser, s Setting) { p.config.MaxChangesAnHour = p.number(s) }},
		{Variable: variable.MaxChangesAnHourInAll, Context: "maxChangesAnHourInAll", To: mostChanges, Default: "20", NoFlag: unattended,
			Help: "How many changes may be begun unattended within an hour wherever the functions of a Region write. In an organization's hub the default is 100, and one account may have half of it.",
			read: func(p *parser, s Setting) { p.config.MaxChangesAnHourInAll = p.number(s) }},
		{Variable: variable.RolePrefix, Pattern: `[\w+=,.@-]{0,40}`, Form: "up to 40 characters that a role's name may have",
			Help: "What the names of the roles begin with that Keymend acts through. None: it acts with the caller's own credentials. At a terminal leave it unset, unless you may take the roles.",
			read: func(p *parser, s Setting) { p.config.RolePrefix = p.text(s) }},
		{Variable: variable.Partition, Choices: []string{"aws", "aws-cn", "aws-us-gov"}, Default: "aws",
			Help: "The partition of these roles: China and GovCloud have their own.",
			read: func(p *parser, s Setting) { p.config.Partition = oneOf[string](p, s) }},
	}
}

// ofFunctions are those that a terminal has no use for.
func ofFunctions() []Setting {
	return []Setting{
		{Variable: variable.Regions, Context: "accountRegions", Form: "Regions, separated by commas, home first", NoFlag: functions,
			Help: "Regions of the account that Keymend is deployed to. None: that of the credentials.",
			read: func(p *parser, s Setting) { p.config.Regions = p.list(s) }},
		{Variable: variable.ActionTopic, Context: "actionTopic", Pattern: topicPattern, Form: "the ARN of an SNS topic that isn't FIFO", NoFlag: functions,
			Help: "The topic, of the stack's Region, that is told what a person has to act on, when it opens and when it closes. Its policy lets events.amazonaws.com publish (docs/events.md).",
			read: func(p *parser, s Setting) { p.config.ActionTopic = p.text(s) }},
		{Variable: variable.ChangesQueueURL, Pattern: `(https?://\S+\.fifo)?`, Form: "the URL of an SQS queue that is FIFO", NoFlag: functions,
			Help: "The queue in which diagnose sends changes to remediate. None: nothing is sent.",
			read: func(p *parser, s Setting) { p.config.ChangesQueueURL = p.text(s) }},
		{Variable: variable.LooksQueueURL, Pattern: `(https?://\S+)?`, Form: "the URL of an SQS queue", NoFlag: functions,
			Help: "The queue of looks that come later. None: none come.",
			read: func(p *parser, s Setting) { p.config.LooksQueueURL = p.text(s) }},
		{Variable: variable.DriftQueueURL, Pattern: `(https?://\S+\.fifo)?`, Form: "the URL of an SQS queue that is FIFO", NoFlag: functions,
			Help: "The queue of looks at what groups rest on. None: none come.",
			read: func(p *parser, s Setting) { p.config.DriftQueueURL = p.text(s) }},
		{Variable: variable.ApproverRoleID, Pattern: `(AROA[A-Z0-9]+)?`, Form: "a role's unique id, as in AROA1A2B3C4D5E6F7A8B9", NoFlag: functions,
			Help: "The role whose sessions may approve proposals. None: nobody may.",
			read: func(p *parser, s Setting) { p.config.ApproverRoleID = p.text(s) }},
		{Variable: variable.Governed, Form: "Regions, separated by commas", NoFlag: functions,
			Help: "The Regions that an organization's hub governs from here.",
			read: func(p *parser, s Setting) {
				p.config.Governed = p.listOf(s, IsRegion, "a Region is written like eu-west-1")
			}},
		{Variable: variable.ListingAccount, Pattern: `([0-9]{12})?`, Form: "an account's id, 12 digits", NoFlag: functions,
			Help: "The account whose role lists all accounts for an organization's hub.",
			read: func(p *parser, s Setting) { p.config.ListingAccount = p.text(s) }},
	}
}

func words[T ~string](all ...T) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = string(one)
	}
	return out
}
