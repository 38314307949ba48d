// Package settings holds what an operator can set, and the names of the
// environment variables that carry it.
//
// It depends on nothing but the standard library, so that the functions, the
// program and the infrastructure share one list.
package settings

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// ErrMode says that the mode is unset or misspelt, so that Keymend only
// observes.
var ErrMode = errors.New("nothing will be changed: mode counts as observe")

// Config is every setting. Parse never returns one that does more than asked:
// where a value is bad, the field holds the most careful one.
type Config struct {
	Mode            string        `json:"mode"`            // observe, propose or enforce
	Scope           string        `json:"scope"`           // tagged: only enrolled keys; all: every key of the own account
	OwnKey          string        `json:"ownKey"`          // auto, policy or grant: how a key of the own account is opened
	SwitchParameter string        `json:"switchParameter"` // SSM parameter that stops all writes; "" = no switch
	OwnershipTags   []string      `json:"ownershipTags"`   // tag keys by which an owner's code marks its keys
	ChangesQueueURL string        `json:"changesQueueUrl"` // FIFO queue from diagnose to remediate; "" = nothing is sent
	RolePrefix      string        `json:"rolePrefix"`      // of the roles reader, granter and policy-writer; "" = the caller's own credentials
	VerifyReads     int           `json:"verifyReads"`     // consecutive equal reads that prove a write
	VerifyInterval  time.Duration `json:"verifyInterval"`  // between two of them
	Partition       string        `json:"partition"`       // aws, aws-cn or aws-us-gov

	Accounts          []string `json:"accounts"`          // ids of other accounts whose keys may be opened for groups of this one; none: no other
	ForeignKey        string   `json:"foreignKey"`        // grant, copy or report: whether such a key's policy is edited, what lies under it copied, or it is left to its owner
	ForeignStatements string   `json:"foreignStatements"` // procedure or least: by which statements

	ServiceLinkedRole string `json:"serviceLinkedRole"` // keep, or dedicated:<suffix>: as which role a group shall launch whose keys aren't open to its own

	CopyKey     string `json:"copyKey"`     // key of the group's account and Region that copies lie under: ARN or alias
	MoveDefault bool   `json:"moveDefault"` // a template's $Default may be moved though other groups use it
}

// DedicatedSuffix returns the suffix of the service-linked role that groups are
// moved to; "" = they keep theirs.
func (c Config) DedicatedSuffix() string {
	suffix, _ := strings.CutPrefix(c.ServiceLinkedRole, dedicated)
	if suffix == c.ServiceLinkedRole {
		return ""
	}
	return suffix
}

// Digest identifies the settings in audit records: SHA-256 in hexadecimal. The
// queue's address, which only one of the functions has, is no part of it.
func (c Config) Digest() string {
	c.ChangesQueueURL = ""
	text, err := json.Marshal(c)
	if err != nil {
		return "" // strings and numbers can always be written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
