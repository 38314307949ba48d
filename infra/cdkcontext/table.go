package cdkcontext

import (
	"slices"
	"strings"

	"keymend/pkg/settings"
)

// OfAccount returns the settings of the stacks of one account, which are parameters of
// their templates: those that the functions read, and those that only a deployment has.
func OfAccount() []settings.Setting {
	read := slices.DeleteFunc(settings.Table(), func(s settings.Setting) bool { return s.Context == "" })
	return append(read, OfDeployment()...)
}

// OfDeployment returns the settings of an account's stacks that only a deployment has.
func OfDeployment() []settings.Setting {
	return []settings.Setting{
		{Context: "groupAccounts", Form: "ids of accounts, separated by commas",
			Help: "Accounts whose Keymend may read keys here, and edit the policies of those that are enrolled for them."},
		{Context: "rolesOnly", Choices: []string{"no", "yes"}, Default: "no",
			Help: "Whether only the roles for groupAccounts are deployed, and no functions: in an account that owns keys and runs no Keymend of its own."},
		{Context: "retentionInDays", Choices: retentions(), Default: "365",
			Help: "How long audit records are kept, in days."},
		{Context: "encryptionKey", Form: "the ARN of a customer managed KMS key, not of an alias", Pattern: `(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+)?`,
			Help: "The key that logs and queues are encrypted under (docs/deploy.md#a-key-for-logs-and-queues). None: keys of AWS's."},
		{Context: "alarmTopic", Form: "the ARN of an SNS topic that isn't FIFO", Pattern: `(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]+)?`,
			Help: "The topic, of the stack's Region, that alarms go to. Its policy lets cloudwatch.amazonaws.com publish. None: alarms show in CloudWatch only."},
	}
}

// retentions are how many days CloudWatch Logs can keep events.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
func retentions() []string {
	return strings.Fields("1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653")
}

// OfOrganization returns the settings of the stacks of an organization.
func OfOrganization() []settings.Setting {
	const account = "[0-9]{12}"
	return slices.Concat([]settings.Setting{
		{Context: "organizationId", Form: "an organization's id, as in o-a1b2c3d4e5", Pattern: `o-[a-z0-9]{10,32}`,
			Help: "The organization."},
		{Context: "hubAccount", Form: "an account's id, 12 digits", Pattern: account,
			Help: "The account that the functions run in; not the management account."},
		{Context: "managementAccount", Form: "an account's id, 12 digits", Pattern: account,
			Help: "The organization's management account."},
		{Context: "administrator", Choices: []string{"delegated", "management"}, Default: "delegated",
			Help: "Who deploys keymend-organization: an account that is registered as StackSets' delegated administrator, or the management account."},
		{Context: "administratorAccount", Form: "an account's id, 12 digits", Pattern: "(" + account + ")?",
			Help: "The account that deploys keymend-organization and keymend-lister; with delegated name the delegated administrator's. None: the management account."},
		{Context: "regions", Form: "Regions, separated by commas, home first",
			Help: "The Regions to govern; with us-east-1, the only one that has IAM's events. A Region that is denied to an account fails its stack."},
		{Context: "hubRegions", Form: "Regions, separated by commas",
			Help: "Those of them that have a hub stack; the others send to home. None: home has it."},
		{Context: "permissionsBoundary", Form: "the name (not the ARN) of a managed policy", Pattern: `[\w+=,.@-]{0,128}`,
			Help: "A policy that every account has, which bounds the members' roles."},
		{Context: "imageParameters", Form: "a path that begins and ends with /, as in /images/", Pattern: `(/([a-zA-Z0-9_.-]+/)+)?`,
			Help: "The path of the SSM parameters that templates name images by. The hub reads no others but AWS's public ones."},
		{Context: "maxConcurrent", From: 1, To: 100, Default: "25",
			Help: "How many accounts are deployed to at once, in percent."},
		{Context: "failureTolerance", To: 50, Default: "5",
			Help: "How many may fail before the main wave's operation ends, in percent; a canary's is 0. More than 50 would hide that it failed."},
		{Context: "consentGuard", Choices: []string{"none", ConsentByPolicy, ConsentAccepted}, Default: "none",
			Help: "What keeps keys from being enrolled by whoever may tag them. none: nothing, and no wave's mode may be more than propose. scp: you say that an organization policy like docs/policies/consent-guard.json is attached above every unit named here; before a wave of mode enforce is deployed, it has to be seen. accepted: nothing, and you take that."},
		{Context: "canaryUnits", Form: "ids of organizational units, separated by commas",
			Help: "The units of the canary, the wave that is deployed first. Units below them belong to them, and accounts that join later, too."},
		{Context: "units", Form: "ids of organizational units, separated by commas",
			Help: "The units of the main wave. Units below them belong to them, and accounts that join later, too."},
	}, ofWave("canary"), ofWave("units"))
}

// ofWave are the settings that each wave has, under keys that begin alike.
func ofWave(key string) []settings.Setting {
	return []settings.Setting{
		{Context: key + "Mode", Choices: []string{"observe", "propose", "enforce"}, Default: "observe",
			Help: "What may be done in the wave's accounts at most."},
		{Context: key + "OwnKey", Choices: []string{"grant", "auto", "policy"}, Default: "grant",
			Help: "With auto and policy the wave's accounts get the role that may write policies of enrolled keys."},
		{Context: key + "ForeignKey", Choices: []string{"report", "grant", "copy"}, Default: "report",
			Help: "With grant the wave's accounts get that role, too, for other members' groups; with copy they get the role that copies under copyKey, an alias that every account has."},
	}
}
