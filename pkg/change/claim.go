package change

// A Claim is what a step asks of the guard. The zero Claim is refused.
type Claim struct {
	Consent   Consent
	Key       string   // ARN of the key that is opened or closed, or that the launch is to do without
	Principal string   // ARN of the role that a key is opened to, or that a group is given
	Edits     bool     // the key's policy is edited
	Closes    bool     // what lets nobody in that needs it goes: a grant, ids of deleted roles
	Keys      []string // ARNs of the keys that copied data lies under
	Under     string   // ARN of the key that copies lie under; "" = the settings' key, whichever that is
	Back      bool     // it takes another step back: an undo may have it
}

// A Consent says whose word a step needs.
type Consent uint8

// The zero value is nobody's: the step isn't for plans.
const (
	Nobody        Consent = iota
	KeyOwner              // the owner of the key lets it be opened
	Operator              // the settings give such groups another role
	DataOwners            // the owners of all keys that data lies under let it be copied
	OwnCopyOnly           // Keymend's own copy goes: nobody else is asked
	ResumeAllowed         // the settings let a group launch again that Auto Scaling stopped
)
