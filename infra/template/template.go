// Package template holds Keymend's CloudFormation templates, as the CDK app (infra)
// synthesises them: that of one account and Region from the shipped cdk.json, that of a
// further Region of it, and those of an organization from the settings that infra/organization's tests have. So the
// demo, the sandbox and the end-to-end tests deploy what is deployed to AWS, and need no
// Node and no CDK for it.
//
// `go test ./infra/account -update` writes those of an account anew, and `go test
// ./infra/organization -update` the others. Only the functions' code is a stand-in
// there: the keys of real zips change with every build.
package template

import (
	_ "embed" // for the templates
	"regexp"
	"strings"
)

var (
	//go:embed account.json
	account string
	//go:embed account-region.json
	accountRegion string
	//go:embed member-roles.json
	memberRoles string
	//go:embed member-region.json
	memberRegion string
	//go:embed hub-roles.json
	hubRoles string
	//go:embed hub.json
	hub string
	//go:embed organization.json
	organization string
	//go:embed organization-canary.json
	organizationCanary string
	//go:embed lister.json
	lister string
)

// Account returns the template of one account and Region, JSON.
func Account() []byte { return []byte(account) }

// AccountOfRegions returns the account's template where it has further Regions: its roles
// serve all, as the functions there. The dashboard is still that of one Region.
func AccountOfRegions(further ...string) []byte {
	function := regexp.MustCompile(`\{"Fn::Sub":"arn:\$\{AWS::Partition\}:lambda:\$\{AWS::Region\}:([^"]*)"\}`)
	all := `{"Fn::Sub":"arn:$${AWS::Partition}:lambda:$${AWS::Region} :$1"}`
	for _, region := range further {
		all += `,{"Fn::Sub":"arn:$${AWS::Partition}:lambda:` + region + `:$1"}`
	}
	text := function.ReplaceAllString(account, all)
	text = strings.ReplaceAll(text, ":${AWS::Region}:", ":*:")
	return []byte(strings.ReplaceAll(text, "${AWS::Region} :", "${AWS::Region}:"))
}

// AccountRegion returns the template of a further Region of an account, which has no
// roles.
func AccountRegion() []byte { return []byte(accountRegion) }

// MemberRoles returns the template of an organization's member, once an account.
func MemberRoles() []byte { return []byte(memberRoles) }

// MemberRegion returns the template of each Region of a member.
func MemberRegion() []byte { return []byte(memberRegion) }

// HubRoles returns the template of the functions' roles in the hub.
func HubRoles() []byte { return []byte(hubRoles) }

// Hub returns the template of one Region of the hub.
func Hub() []byte { return []byte(hub) }

// Organization returns the template with the StackSets of the main wave, which have those
// of the members.
func Organization() []byte { return []byte(organization) }

// OrganizationCanary returns the same of the wave that goes first.
func OrganizationCanary() []byte { return []byte(organizationCanary) }

// Lister returns the template of the role that lists the accounts of an organization.
func Lister() []byte { return []byte(lister) }
