package launch

import (
	"strings"

	"keymend/pkg/tag"
)

// A mark is how a service marks the groups that it makes, and what that forbids.
// A key, or a grant on it, may be fixed whoever made the group; the group and its
// template are the owner's.
type mark struct {
	owner      string
	tag, value string // tag key, and the value it must have; "" = any
	prefix     string // of the group's name
	words      string // {TAG KEY} stands for that tag's value
	givesUp    string // what the service does about a group that doesn't launch, and what brings it back; "" = nothing
}

// marks are what the services' own IAM policies and guides name.
//
//	eks               https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
//	elasticbeanstalk  https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/applications-tagging-resources.html
//	batch             BatchServiceRolePolicy
//	ecs               https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html
//	gamelift          GameLiftGameServerGroupPolicy
//	cloudformation    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
func marks() []mark {
	return []mark{
		{owner: "eks", tag: "eks:nodegroup-name",
			words:   "node group {eks:nodegroup-name} of cluster {eks:cluster-name}: image and template change through aws eks update-nodegroup-version only",
			givesUp: "EKS may have given up: a node group that stays CREATE_FAILED is made anew, one that stays DEGRADED is scaled"},
		{owner: "elasticbeanstalk", tag: "elasticbeanstalk:environment-name", prefix: "awseb-e-",
			words: "environment {elasticbeanstalk:environment-name}: the group changes with the environment's settings only"},
		{owner: "batch", tag: "AWSBatchServiceTag", prefix: "AWSBatch",
			words: "the group changes with its compute environment only"},
		{owner: "ecs", tag: "AmazonECSManaged",
			words: "a capacity provider sets the desired capacity; the template is yours to change"},
		{owner: "gamelift", tag: "GameLift", value: "GameServerGroups",
			words: "the group changes with its game server group only"},
		{owner: "launch-wizard", prefix: "LaunchWizard",
			words: "the group changes with its deployment only"},
		{owner: "cloudformation", tag: tag.Stack,
			words:   "stack {" + tag.Stack + "} undoes a change of the group by hand with one of its next updates",
			givesUp: "CloudFormation may have given up: a stack that was rolled back is made or updated again"},
	}
}

// Owner recognises what made a group or a launch template by the tags and names
// that the services use, and says what that forbids; "" = nobody known.
// CloudFormation comes last: several services build stacks.
func Owner(name string, tags map[string]string) string {
	var owners []string
	for _, m := range marks() {
		if m.on(name, tags) {
			owners = append(owners, m.owner+" ("+m.says(tags)+")")
		}
	}
	return strings.Join(owners, " and ")
}

// GivenUp says of a service that made a group what it does where the group doesn't
// launch for long, and what brings it back; "" = nothing known.
func GivenUp(name string, tags map[string]string) string {
	for _, m := range marks() {
		if m.givesUp != "" && m.on(name, tags) {
			return m.givesUp
		}
	}
	return ""
}

func (m mark) on(name string, tags map[string]string) bool {
	marked, ok := tags[m.tag]
	return m.tag != "" && ok && (m.value == "" || m.value == marked) || m.prefix != "" && strings.HasPrefix(name, m.prefix)
}

// says fills the tags into the words. A group known by its name only may lack
// them.
func (m mark) says(tags map[string]string) string {
	var out strings.Builder
	for words := m.words; ; {
		before, rest, more := strings.Cut(words, "{")
		out.WriteString(before)
		if !more {
			return out.String()
		}
		key, after, _ := strings.Cut(rest, "}")
		if tags[key] == "" {
			out.WriteString("(no tag " + key + ")")
		}
		out.WriteString(tags[key])
		words = after
	}
}
