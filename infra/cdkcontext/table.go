package cdkcontext

// A Setting is one that only a deployment has, as docs/settings.md tells of it; pkg/settings
// has those that the functions read.
type Setting struct {
	Keys    []string // without "keymend:"; several are the same for each wave
	Values  string
	Default string // what cdk.json ships; "" = none
	Help    string
}

// OfDeployment returns the settings of the stacks of one account.
func OfDeployment() []Setting {
	return []Setting{
		{[]string{"groupAccounts"}, "ids of accounts, separated by commas", "", "Accounts whose Keymend may read keys here, and edit the policies of those that are enrolled for them."},
		{[]string{"rolesOnly"}, "one of: no, yes", "no", "Whether only the roles for groupAccounts are deployed, and no functions."},
		{[]string{"retentionInDays"}, "one of the numbers that CloudWatch Logs has", "365", "How long audit records are kept."},
		{[]string{"encryptionKey"}, "the ARN of a customer managed key", "", "The key that logs and queues are encrypted under (docs/deploy.md#a-key-for-logs-and-queues)."},
		{[]string{"alarmTopic"}, "the ARN of an SNS topic of this Region", "", "The topic that alarms go to. Its policy lets cloudwatch.amazonaws.com publish."},
	}
}

// OfOrganization returns the settings of the stacks of an organization.
func OfOrganization() []Setting {
	return []Setting{
		{[]string{"organizationId"}, "as in o-a1b2c3d4e5", "", "The organization."},
		{[]string{"hubAccount"}, "an account's id", "", "The account that the functions run in; not the management account."},
		{[]string{"managementAccount"}, "an account's id", "", "The organization's management account."},
		{[]string{"administrator"}, "one of: delegated, management", "delegated", "Who deploys keymend-organization: an account that is registered as StackSets' delegated administrator, or the management account."},
		{[]string{"administratorAccount"}, "an account's id", "", "The account that deploys keymend-organization and keymend-lister; with delegated name the delegated administrator's. None: the management account."},
		{[]string{"regions"}, "Regions, separated by commas, home first", "", "The Regions to govern; with us-east-1, the only one that has IAM's events. A Region that is denied to an account fails its stack."},
		{[]string{"hubRegions"}, "Regions, separated by commas", "", "Those of them that have a hub stack; the others send to home. None: home has it."},
		{[]string{"canaryUnits", "units"}, "ids of organizational units, separated by commas", "", "The units of each wave. Units below them belong to them, and accounts that join later, too."},
		{[]string{"canaryMode", "unitsMode"}, "one of: observe, propose, enforce", "observe", "What may be done in the wave's accounts at most."},
		{[]string{"consentGuard"}, "one of: none, scp, accepted", "none", "What keeps keys from being enrolled by whoever may tag them. none: nothing, and no wave's mode may be more than propose. scp: you say that an organization policy like docs/policies/consent-guard.json is attached above every unit named here; before a wave of mode enforce is deployed, it has to be seen. accepted: nothing, and you take that."},
		{[]string{"canaryOwnKey", "unitsOwnKey"}, "one of: grant, auto, policy", "grant", "With auto and policy the wave's accounts get the role that may write policies of enrolled keys."},
		{[]string{"canaryForeignKey", "unitsForeignKey"}, "one of: report, grant, copy", "report", "With grant so they do, for other members' groups; with copy they get the role that copies under copyKey, an alias that every account has."},
		{[]string{"permissionsBoundary"}, "a managed policy's name", "", "A policy that every account has, which bounds the members' roles."},
		{[]string{"imageParameters"}, "as in /images/", "", "The path of the SSM parameters that templates name images by. The hub reads no others but AWS's public ones."},
		{[]string{"maxConcurrent"}, "a number from 1 to 100", "25", "How many accounts are deployed to at once, in percent."},
		{[]string{"failureTolerance"}, "a number from 0 to 50", "5", "How many may fail before the main wave's operation ends, in percent; a canary's is 0."},
	}
}
