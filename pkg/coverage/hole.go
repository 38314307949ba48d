package coverage

import (
	"keymend/infra/cdkcontext"

	"encoding/json"
	"slices"

	"keymend/pkg/blueprint"
	"keymend/pkg/quote"
)

// A Hole is something that isn't as it shall be, or isn't known.
type Hole struct {
	Cause string       `json:"cause"` // a word; see docs/deploy.md
	Says  string       `json:"says"`
	Run   []quote.Task `json:"run"` // what mends it, in order
}

// A cause is why something isn't whole; the order is that in which they are told.
type cause string

const (
	refusedRead  cause = "refused"
	unread       cause = "unread"
	stackMissing cause = "stack-missing"
	stackBroken  cause = "stack-inoperable"
	stackBehind  cause = "stack-behind"
	roleMissing  cause = "role-missing"
	roleOther    cause = "role-other"
	roleTrust    cause = "role-trust"
	roleSurplus  cause = "role-surplus"
	setOther     cause = "stack-set-other"
	ruleMissing  cause = "rule-missing"
	ruleOff      cause = "rule-off"
	ruleOther    cause = "rule-other"
	ruleTarget   cause = "rule-target"
	eventsLost   cause = "events-lost"
	noTrail      cause = "trail"
	noParameter  cause = "parameter-missing"
	otherWave    cause = "wave-other"
)

// heads are the causes in order, each with what people read above the places.
func heads() []struct {
	cause cause
	says  string
} {
	return []struct {
		cause cause
		says  string
	}{
		{stackMissing, "has no stack, or no StackSet"},
		{stackBroken, "has a stack that StackSets can't reach any more"},
		{stackBehind, "has a stack that isn't as its StackSet"},
		{setOther, "is of a wave whose StackSet was deployed with other settings"},
		{refusedRead, "refuses to be read: a role or its trust was changed, or an organization's policy denies it"},
		{roleMissing, "lacks a role"},
		{roleOther, "has roles that aren't as the template makes them"},
		{roleTrust, "has a role that trusts others than it shall"},
		{roleSurplus, "has a role that the settings don't ask for"},
		{ruleMissing, "lacks a rule"},
		{ruleOff, "has a rule that is off"},
		{ruleOther, "has a rule that matches something else"},
		{ruleTarget, "has a rule that doesn't send to the hub alone"},
		{eventsLost, "lost events; the count goes on for a day"},
		{noTrail, "has no trail that logs what is needed"},
		{noParameter, "lacks a parameter: the hub writes nothing there"},
		{otherWave, "has another wave than the settings say"},
		{unread, "couldn't be read"},
	}
}

// as is a command with an account's credentials.
func (j judge) as(account string, words ...string) quote.Task {
	t := quote.Task{Account: account, Command: quote.Command(words...)}
	t.Command = j.asks.Placed(t)
	return t
}

// aws is a command in the account that is judged.
func (j judge) aws(region string, words ...string) quote.Task {
	return j.as(j.f.Account.ID, slices.Concat([]string{"aws"}, words, []string{"--region", region})...)
}

// deployed has the wave's StackSets made as the settings say.
func (j judge) deployed() quote.Task {
	return j.as(j.asks.Account, "make", "deploy-organization", "WAVE="+cdkcontext.Wave{Name: j.f.Account.Wave}.Label())
}

// byHand are commands that put right what somebody changed. Where the roles are of another
// template, nobody did: the whole of it is deployed anew.
func (j judge) byHand(run ...quote.Task) []quote.Task {
	want, _ := j.members(j.f.Account) // Expect has tried it
	if j.f.Members.Is[reader].Template != want[reader].Template {
		return []quote.Task{j.deployed()}
	}
	return run
}

// hub has the hub's bus and its policy made as they shall be.
func (j judge) hub() quote.Task {
	return j.as(j.organization.Hub, "make", "deploy-hub", "REGION="+j.organization.HubRegion(j.f.Region))
}

// instances has a StackSet make its stacks here. Its own operations are for repair only;
// what it deploys, the stack that it is of says.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeploymentTargets.html
func (j judge) instances(verb, set string, flags ...string) quote.Task {
	targets, _ := json.Marshal(struct {
		OrganizationalUnitIDs []string `json:"OrganizationalUnitIds"`
		Accounts              []string
		AccountFilterType     string
	}{[]string{j.f.Account.Unit}, []string{j.f.Account.ID}, "INTERSECTION"}) // strings always marshal
	return j.ofSet(verb+"-stack-instances", set, append([]string{"--deployment-targets", string(targets), "--regions", j.regionOf(set)}, flags...)...)
}

func (j judge) ofSet(verb, set string, words ...string) quote.Task {
	all := slices.Concat([]string{"aws", "cloudformation", verb, "--stack-set-name", set}, words)
	if j.asks.Account != j.organization.Management {
		all = append(all, "--call-as", "DELEGATED_ADMIN")
	}
	return j.as(j.asks.Account, append(all, "--region", j.organization.Regions[0])...)
}

// regionOf: roles are made in the home Region only.
func (j judge) regionOf(set string) string {
	if set == j.wave(j.f.Account.Wave).StackSet("roles") {
		return j.organization.Regions[0]
	}
	return j.f.Region
}

// anew has StackSets forget a stack that they can't change any more, and make another.
func (j judge) anew(set string, i Instance) []quote.Task {
	return []quote.Task{j.instances("delete", set, "--retain-stacks"), j.aws(j.regionOf(set), "cloudformation", "delete-stack", "--stack-name", i.Stack), j.instances("create", set)}
}

// asDeployed has CloudFormation make the account's roles again as they were deployed.
func (j judge) asDeployed() []quote.Task {
	stack := j.f.Roles.Is.Stack
	if stack == "" {
		return []quote.Task{j.deployed()}
	}
	var out []quote.Task
	for _, words := range j.Expected.roles.Revert(stack, j.organization.Regions[0]) {
		out = append(out, j.as(j.f.Account.ID, words...))
	}
	return out
}

func (j judge) putRule(r blueprint.Rule) quote.Task {
	return j.aws(j.f.Region, "events", "put-rule", "--name", r.Name, "--state", r.State, "--description", r.Description, "--event-pattern", r.Pattern)
}

func (j judge) putTargets(r blueprint.Rule) quote.Task {
	type target struct {
		ID      string `json:"Id"`
		Arn     string
		RoleArn string
	}
	var targets []target
	for _, t := range r.Targets {
		targets = append(targets, target{t.ID, t.ARN, t.Role})
	}
	line, _ := json.Marshal(targets) // strings always marshal
	return j.aws(j.f.Region, "events", "put-targets", "--rule", r.Name, "--targets", string(line))
}

func (j judge) put(name, value string) quote.Task {
	return j.aws(j.f.Region, "ssm", "put-parameter", "--overwrite", "--type", "String", "--name", name, "--value="+value)
}

// ofTrail: a trail is changed in its own account, in its home Region.
// newTrail makes one for the whole organization; which bucket, its owner knows.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-and-update-an-organizational-trail-by-using-the-aws-cli.html
func (j judge) newTrail() []quote.Task {
	home := j.organization.Regions[0]
	of := func(words ...string) quote.Task {
		return j.as(j.organization.Management, slices.Concat([]string{"aws", "cloudtrail"}, words, []string{"--region", home})...)
	}
	return []quote.Task{
		of("create-trail", "--name", "management-events", "--is-organization-trail", "--is-multi-region-trail", "--s3-bucket-name", "BUCKET"),
		of("start-logging", "--name", "management-events"),
	}
}
