// Package variable names the environment variables that carry the settings.
//
// It depends on nothing.
package variable

// A Name is the name of an environment variable. It is a text: whoever reads one asks
// for it by that.
type Name = string

// The variables.
const (
	Mode            Name = "KEYMEND_MODE"
	Scope           Name = "KEYMEND_SCOPE"
	OwnKey          Name = "KEYMEND_OWN_KEY"
	SwitchParameter Name = "KEYMEND_SWITCH_PARAMETER"
	OwnershipTags   Name = "KEYMEND_OWNERSHIP_TAGS" // separated by commas
	ChangesQueueURL Name = "KEYMEND_CHANGES_QUEUE_URL"
	LooksQueueURL   Name = "KEYMEND_LOOKS_QUEUE_URL"
	DriftQueueURL   Name = "KEYMEND_DRIFT_QUEUE_URL"
	RolePrefix      Name = "KEYMEND_ROLE_PREFIX"
	VerifyReads     Name = "KEYMEND_VERIFY_READS"
	VerifyInterval  Name = "KEYMEND_VERIFY_INTERVAL" // as in "2s"
	Partition       Name = "KEYMEND_PARTITION"
	ApproverRoleID  Name = "KEYMEND_APPROVER_ROLE_ID"

	Accounts          Name = "KEYMEND_ACCOUNTS" // ids separated by commas, or the word organization
	ForeignKey        Name = "KEYMEND_FOREIGN_KEY"
	ForeignStatements Name = "KEYMEND_FOREIGN_STATEMENTS"

	ServiceLinkedRole Name = "KEYMEND_SERVICE_LINKED_ROLE"
	ResumeSuspended   Name = "KEYMEND_RESUME_SUSPENDED"
	CopyKey           Name = "KEYMEND_COPY_KEY"
	MoveDefault       Name = "KEYMEND_MOVE_DEFAULT"

	MaxChangesAnHour      Name = "KEYMEND_MAX_CHANGES_AN_HOUR"
	MaxChangesAnHourInAll Name = "KEYMEND_MAX_CHANGES_AN_HOUR_IN_ALL"

	ActionTopic Name = "KEYMEND_ACTION_TOPIC"
	Regions     Name = "KEYMEND_REGIONS" // separated by commas

	// Of an organization's hub:
	Governed       Name = "KEYMEND_GOVERNED" // Regions, separated by commas
	ListingAccount Name = "KEYMEND_LISTING_ACCOUNT"
)
