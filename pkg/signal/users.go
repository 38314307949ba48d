package signal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Users are the groups whose next launch uses something: each member that is set must
// fit.
type Users struct {
	Key      string `json:"key,omitempty"`      // id, alias or ARN
	Default  bool   `json:"default,omitempty"`  // the account's default EBS key
	Role     string `json:"role,omitempty"`     // name or ARN
	Template string `json:"template,omitempty"` // id or name
	Lacking  bool   `json:"lacking,omitempty"`  // only those that lack instances, or were stopped from launching
	// Now: they are looked at without waiting for what else comes.
	Now bool `json:"now,omitempty"`
}

// Same identifies what a message asks for: SHA-256, in hexadecimal, over account, Region
// and whose users. Why, and how often, doesn't count.
func (l Looks) Same() string {
	text, err := json.Marshal(Looks{Account: l.Account, Region: l.Region, Users: l.Users})
	if err != nil {
		return "" // strings can always be written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Due is the message as it comes when nobody has to wait any more.
func (l Looks) Due() Looks {
	users := *l.Users
	users.Now = true
	l.Users = &users
	return l
}
