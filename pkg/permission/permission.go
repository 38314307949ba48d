// Package permission holds the IAM permissions that each of Keymend's roles
// needs, and why. The infrastructure builds the roles from it, and a test holds
// it against the calls that are really made: no more, no fewer.
//
// It depends on nothing but the standard library, pkg/slr and pkg/tag, so that the
// infrastructure shares it.
//
// Actions and their conditions: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
package permission

import "slices"

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

// A Permission lets a role do one action.
type Permission struct {
	Action    string
	Resource  string
	Condition map[string]map[string][]string // operator, key, values
	Why       string
	// ByLambda: the Lambda service does it with the function's role, not the
	// function's code.
	ByLambda bool
}

// For returns what a role may do.
func For(r Role, p Place) []Permission {
	switch r {
	case Reader:
		return slices.Concat(p.readLaunch(), p.readKey(), p.readElsewhere(), p.readTemplates(), p.readBrake(), p.readCoverage())
	case KeyReader:
		return p.readForOthers()
	case Granter:
		return slices.Concat(p.grant(), p.grantElsewhere())
	case PolicyWriter:
		return append(p.writePolicy(), p.writePolicyForOthers()...)
	case GroupWriter:
		return append(p.writeRole(), p.resume()...)
	case Forwarder:
		return p.forward()
	case Notifier:
		return p.notify()
	case Lister:
		return p.list()
	case Copier:
		return slices.Concat(p.copy(), p.copyKeys(), p.makeVersions())
	case Approver:
		return p.approve()
	case Auditor:
		return p.audit()
	case Diagnose:
		return slices.Concat(p.served(r, p.Signals, p.Looks, p.Drift), p.code(r, p.readSwitch(), p.assume(Reader), p.assumeElsewhere(KeyReader), p.assumeNotifier(), p.assumeLister(), p.send("hands permitted plans to remediate"), p.lookLater(), p.lookOnce(), p.readLogs(), p.tell()))
	case Remediate:
		return slices.Concat(p.served(r, p.Changes), p.code(r, p.readSwitch(), p.assume(Reader, Granter, PolicyWriter), p.assumeElsewhere(KeyReader, PolicyWriter), p.changeGroups(), p.assumeCopier(), p.assumeNotifier(), p.handOn(), p.lookLater(), p.readSeen(), p.tell()))
	}
	return nil
}

// LogGroup returns the name of a function's log group, by its role.
func (p Place) LogGroup(function Role) string { return "/aws/lambda/" + p.Prefix + string(function) }

// ARN returns the ARN of a role.
func (p Place) ARN(r Role) string {
	return "arn:" + p.Partition + ":iam::" + p.Account + ":role/" + p.Prefix + string(r)
}
