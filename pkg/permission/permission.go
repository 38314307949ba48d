// Package permission holds the IAM permissions that each of Keymend's roles
// needs, and why. The infrastructure builds the roles from it, and a test holds
// it against the calls that are really made: no more, no fewer.
//
// It depends on nothing but the standard library, pkg/slr and pkg/tag, so that the
// infrastructure shares it.
//
// Actions and their conditions: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
package permission

import (
	"slices"

	"keymend/pkg/arn"
)

// A Role is one of Keymend's roles.
type Role string

// The roles. The functions hold next to nothing themselves: they assume the
// others, in their own account too. There is one role for each kind of write.
const (
	Reader       Role = "reader"        // reads groups, templates, keys; changes nothing
	KeyReader    Role = "key-reader"    // reads keys and snapshots for other accounts' Keymend; changes nothing
	Granter      Role = "granter"       // creates grants
	PolicyWriter Role = "policy-writer" // writes key policies
	Copier       Role = "copier"        // copies images and snapshots, makes template versions; only where the settings ask for copies
	Diagnose     Role = "diagnose"      // the function's own role
	Remediate    Role = "remediate"     // the function's own role

	Approver Role = "approver" // what a person takes to approve a proposal: sends it to be carried out

	Auditor Role = "auditor" // what a person takes in an organization's hub to see what stands where: reads, through the readers

	GroupWriter Role = "group-writer" // makes the dedicated service-linked role, and gives it to groups

	// In an organization:
	Forwarder Role = "forwarder" // EventBridge's: sends a member's events to the hub
	Notifier  Role = "notifier"  // puts Keymend's events on a member's own buses
	Lister    Role = "lister"    // lists the accounts, where those may be listed
)

// Roles returns every role of one account that works alone.
func Roles() []Role {
	return []Role{Reader, KeyReader, Granter, PolicyWriter, GroupWriter, Copier, Diagnose, Remediate, Approver}
}

// Writers returns the roles that change something.
func Writers() []Role { return []Role{Granter, PolicyWriter, GroupWriter, Copier} }

// A Place says where roles live; its strings go into ARNs as they are, so that
// CloudFormation's `${AWS::AccountId}` does as well as an account id.
type Place struct {
	Partition, Account, Region string
	Functions                  []string // Regions in which the functions are, where Region stands for several
	Prefix                     string   // of role names, as in "keymend-"
	Scope                      string   // "all" drops the writers' condition on the key's tag
	Signals, Changes           string   // queue names; Changes ends in ".fifo"
	Looks, Drift               string   // queue names; Drift ends in ".fifo"
	SwitchParameter            string   // SSM parameter; begins with "/"
	Suffix                     string   // of the service-linked role that groups are moved to; without one there is no group-writer

	// Accounts are the other accounts whose keys may be opened for groups of this
	// one; Groups those whose functions may in turn act on keys here.
	Accounts, Groups []string
	// Copies: the settings ask for copies (foreignKey: copy).
	Copies bool
	// Resumes: the settings let groups launch again that Auto Scaling stopped.
	Resumes bool
	// ImageParameters is the path under which the SSM parameters are that templates name
	// their images by; it begins and ends in "/". "": only AWS's public ones.
	ImageParameters string

	// Organization is the id of the organization whose accounts the functions of Hub, one
	// of them, act in; "": they act in their own, and there is no hub. Bus is the name of
	// the hub's event bus. Groups, if any, then means those of all the organization.
	// Listing is the account that has the lister.
	Organization, Hub, Bus, Listing string
}

// conditions are by operator and key.
type conditions = map[string]map[string][]string

// A Permission lets a role do one action.
type Permission struct {
	Action    string
	Resource  string
	Condition conditions
	Why       string
	// ByLambda: the Lambda service does it with the function's role, not the
	// function's code.
	ByLambda bool
}

// For returns what a role may do. Much of that is there by some settings only.
func For(r Role, p Place) []Permission {
	organization, elsewhere := p.Organization != "", p.elsewhere() != nil
	switch r {
	case Reader:
		return slices.Concat(p.readLaunch(), p.readKey(), where(elsewhere, p.readElsewhere()), where(p.Copies, p.readTemplates()), where(organization, p.readBrake(), p.readCoverage()))
	case KeyReader:
		return where(len(p.Groups) > 0 && !organization, p.readForOthers())
	case Granter:
		return slices.Concat(p.grant(), where(elsewhere, p.grantElsewhere()))
	case PolicyWriter:
		return slices.Concat(p.writePolicy(), where(len(p.Groups) > 0, p.writePolicyForOthers()))
	case GroupWriter:
		return slices.Concat(where(p.Suffix != "", p.writeRole()), where(p.Resumes, p.resume()))
	case Forwarder:
		return where(organization, p.forward())
	case Notifier:
		return where(organization, p.notify())
	case Lister:
		return where(organization, p.list())
	case Copier:
		return where(p.Copies, p.copy(), p.copyKeys(), p.makeVersions())
	case Approver:
		return p.approve()
	case Auditor:
		return where(organization, p.audit())
	case Diagnose:
		return slices.Concat(p.served(r, p.Signals, p.Looks, p.Drift), p.code(r, p.ofDiagnose()))
	case Remediate:
		return slices.Concat(p.served(r, p.Changes), p.code(r, p.ofRemediate()))
	}
	return nil
}

// where returns the permissions where a condition holds, and else none.
func where(holds bool, parts ...[]Permission) []Permission {
	if !holds {
		return nil
	}
	return slices.Concat(parts...)
}

// ofDiagnose is what its code does.
func (p Place) ofDiagnose() []Permission {
	return slices.Concat(
		p.readSwitch(), p.assume(Reader), where(p.elsewhere() != nil, p.assumeElsewhere(KeyReader)), where(p.Organization != "", p.assume(Notifier), p.assumeLister()),
		p.send("hands permitted plans to remediate"), p.lookLater(), p.lookOnce(), p.readLogs(), p.tell(),
	)
}

// ofRemediate is what its code does. It hands on what another writer has to do.
func (p Place) ofRemediate() []Permission {
	return slices.Concat(
		p.readSwitch(), p.assume(Reader, Granter, PolicyWriter), where(p.elsewhere() != nil, p.assumeElsewhere(KeyReader, PolicyWriter)),
		where(p.Suffix != "" || p.Resumes, p.assume(GroupWriter)), where(p.Copies, p.assume(Copier)), where(p.Organization != "", p.assume(Notifier)),
		where(p.Suffix != "" || p.Copies, p.send("hands on what another writer has to do: the next step of a group's move to another role, or of its way to a copy")),
		p.lookLater(), p.readSeen(), p.tell(),
	)
}

// LogGroup returns the name of a function's log group, by its role.
func (p Place) LogGroup(function Role) string { return "/aws/lambda/" + p.Prefix + string(function) }

// at is the ARN of something in the place's account.
func (p Place) at(service, region, resource string) string {
	return arn.ARN{Partition: p.Partition, Service: service, Region: region, Account: p.Account, Resource: resource}.String()
}

// ARN returns the ARN of a role.
func (p Place) ARN(r Role) string {
	return p.at("iam", "", "role/"+p.Prefix+string(r))
}
