// Package variable names the environment variables that carry the settings.
//
// It depends on nothing.
package variable

// The variables.
const (
	Mode            = "KEYMEND_MODE"
	Scope           = "KEYMEND_SCOPE"
	OwnKey          = "KEYMEND_OWN_KEY"
	SwitchParameter = "KEYMEND_SWITCH_PARAMETER"
	OwnershipTags   = "KEYMEND_OWNERSHIP_TAGS" // separated by commas
	ChangesQueueURL = "KEYMEND_CHANGES_QUEUE_URL"
	LooksQueueURL   = "KEYMEND_LOOKS_QUEUE_URL"
	DriftQueueURL   = "KEYMEND_DRIFT_QUEUE_URL"
	RolePrefix      = "KEYMEND_ROLE_PREFIX"
	VerifyReads     = "KEYMEND_VERIFY_READS"
	VerifyInterval  = "KEYMEND_VERIFY_INTERVAL" // as in "2s"
	Partition       = "KEYMEND_PARTITION"

	Accounts          = "KEYMEND_ACCOUNTS" // separated by commas
	ForeignKey        = "KEYMEND_FOREIGN_KEY"
	ForeignStatements = "KEYMEND_FOREIGN_STATEMENTS"

	ServiceLinkedRole = "KEYMEND_SERVICE_LINKED_ROLE"
	ResumeSuspended   = "KEYMEND_RESUME_SUSPENDED"
	CopyKey           = "KEYMEND_COPY_KEY"
	MoveDefault       = "KEYMEND_MOVE_DEFAULT"
)

// Names returns every variable.
func Names() []string {
	return []string{
		Mode, Scope, OwnKey, SwitchParameter, OwnershipTags,
		ChangesQueueURL, LooksQueueURL, DriftQueueURL, RolePrefix, VerifyReads, VerifyInterval, Partition,
		Accounts, ForeignKey, ForeignStatements, CopyKey, MoveDefault,
		ServiceLinkedRole, ResumeSuspended,
	}
}
