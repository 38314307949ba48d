// Package settings holds what an operator can set. The names of the environment
// variables that carry it are in settings/variable.
//
// It depends on nothing but the standard library and zero packages, so that the
// functions, the program and the infrastructure share one list.
package settings

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"keymend/pkg/tag"
)

// ErrMode says that the mode is unset or misspelt, so that Keymend only
// observes.
var ErrMode = errors.New("nothing will be changed: mode counts as observe")

// Config is every setting. Parse never returns one that does more than asked:
// where a value is bad, the field holds the most careful one.
type Config struct {
	Mode            Mode          `json:"mode"`
	Scope           Scope         `json:"scope"`
	OwnKey          OwnKey        `json:"ownKey"`
	SwitchParameter string        `json:"switchParameter"` // SSM parameter that stops all writes; "" = no switch
	OwnershipTags   []string      `json:"ownershipTags"`   // tag keys by which an owner's code marks its keys
	ChangesQueueURL string        `json:"changesQueueUrl"` // FIFO queue from diagnose to remediate; "" = nothing is sent
	LooksQueueURL   string        `json:"looksQueueUrl"`   // queue of looks that come later; "" = none come
	DriftQueueURL   string        `json:"driftQueueUrl"`   // FIFO queue of looks that are asked for once in five minutes; "" = none come
	RolePrefix      string        `json:"rolePrefix"`      // of the roles that Keymend assumes; "" = the caller's own credentials
	VerifyReads     int           `json:"verifyReads"`     // reads in a row that agree, after a write
	VerifyInterval  time.Duration `json:"verifyInterval"`  // between two of them; below a second, pauses between tries get shorter, too
	Partition       string        `json:"partition"`       // aws, aws-cn or aws-us-gov
	ApproverRoleID  string        `json:"-"`               // unique id of the role whose sessions may approve; "" = nobody may

	// Accounts are the ids of other accounts whose keys may be opened for groups of this
	// one, none: no other; or the word for an organization alone: see Organization.
	Accounts          []string          `json:"accounts"`
	ForeignKey        ForeignKey        `json:"foreignKey"`
	ForeignStatements ForeignStatements `json:"foreignStatements"`

	// Dedicated is the suffix of the service-linked role that groups are moved to
	// whose keys aren't open to their own; "" = they keep theirs.
	Dedicated string `json:"dedicated"`

	// Resume is how many instances may be missing of a group that Auto Scaling stopped, for
	// Keymend to let it launch again; 0 = it never does.
	Resume int `json:"resumeSuspended"`

	CopyKey     string `json:"copyKey"`     // key of the group's account and Region that copies lie under: ARN or alias
	MoveDefault bool   `json:"moveDefault"` // a template's $Default may be moved though other groups use it

	MaxChangesAnHour      int `json:"maxChangesAnHour"`      // begun unattended in an account and Region
	MaxChangesAnHourInAll int `json:"maxChangesAnHourInAll"` // begun unattended wherever the functions of this Region write

	Regions     []string `json:"-"` // in which the account has Keymend's functions; none: this one
	ActionTopic string   `json:"-"` // ARN of the SNS topic of those who have to act; "" = none

	// Of the hub of an organization: the Regions that are governed from here; and the
	// account whose role lists all accounts, "" = none does.
	Governed       []string `json:"governed"`
	ListingAccount string   `json:"listingAccount"`
}

// Organization reports whether Keymend is the hub of an organization. It acts in all
// accounts whose roles let it in, each as far as its Wave and its owner's switch say.
func (c Config) Organization() bool { return slices.Equal(c.Accounts, []string{tag.Organization}) }

// Digest identifies the settings in audit records: SHA-256 in hexadecimal. The
// queues' addresses, which say where and not what, are no part of it.
func (c Config) Digest() string {
	c.ChangesQueueURL, c.LooksQueueURL, c.DriftQueueURL = "", "", ""
	text, err := json.Marshal(c)
	if err != nil {
		return "" // strings and numbers can always be written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
