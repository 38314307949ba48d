package settings

// A Mode says how far Keymend goes by itself. Whatever is none of these counts as
// Observe.
type Mode string

// The modes.
const (
	Observe Mode = "observe" // diagnose and record
	Propose Mode = "propose" // publish the plan; a person approves
	Enforce Mode = "enforce" // carry it out
)

// DefaultSwitch is the SSM parameter that a deployed Keymend reads as its switch,
// unless the deployment names another.
const DefaultSwitch = "/keymend/switch"

// A Scope says which keys of the own account are opened unattended.
type Scope string

// The scopes.
const (
	Tagged  Scope = "tagged" // enrolled keys only
	AllKeys Scope = "all"    // every key
)

// OwnKey says how a key of the own account is opened.
type OwnKey string

// The ways.
const (
	OwnKeyAuto   OwnKey = "auto"   // by statements, and by a grant where those can't be
	OwnKeyPolicy OwnKey = "policy" // by statements only
	OwnKeyGrant  OwnKey = "grant"  // by a grant
)

// ForeignKey says what is done about a key of another account.
type ForeignKey string

// The ways.
const (
	ForeignGrant  ForeignKey = "grant"  // its policy is edited where its owner agrees, and the grant made
	ForeignCopy   ForeignKey = "copy"   // what lies under it is copied under a key of the group's account
	ForeignReport ForeignKey = "report" // its policy is left to its owner
)

// ForeignStatements says by which statements another account's key policy is
// edited.
type ForeignStatements string

// The statements.
const (
	Procedure ForeignStatements = "procedure" // those of AWS's procedure, for the whole account
	Least     ForeignStatements = "least"     // for the role that creates the grant only
)
