package guard

import (
	"strings"

	"keymend/pkg/plan"
	"keymend/pkg/quote"
)

// An Approval is a person's word for one plan. Its zero value is nobody's.
type Approval struct {
	By     string   // name of the approver's session; "" = nobody approved
	Digest string   // of the plan that was approved
	Late   bool     // it came too late to count, or it isn't known when it came
	Makers []string // ARNs of who made what the plan is for, where that is known
}

// against says why the approval doesn't count for a plan; "" = it does. It is for the
// very plan that the person saw: by other facts there is another one.
func (a Approval) against(p plan.Plan) Reason {
	switch {
	case a.By == "" || p.Digest == "" || a.Digest != p.Digest:
		return OnlyProposing
	case a.Late:
		return ApprovalExpired
	case a.maker() != "":
		return OwnApproval
	}
	return ""
}

// maker returns who of the makers is the approver; "" = none. People keep their name from
// role to role: a session's, or else the user's.
func (a Approval) maker() string {
	for _, maker := range a.Makers {
		if strings.EqualFold(maker[strings.LastIndexByte(maker, '/')+1:], a.By) {
			return maker
		}
	}
	return ""
}

// approve is how a person approves the plan. The hub of an organization has no role by
// which anybody could: there a person of the account applies it.
func (in Input) approve(p plan.Plan) []quote.Task {
	if in.Organization {
		return []quote.Task{{Account: in.Finding.Account, Command: quote.Command("keymend", "diagnose", in.Finding.Group, "--apply", "--region", in.Finding.Region)}}
	}
	return []quote.Task{{Account: in.Finding.Account, Command: "keymend approve " + plan.RemediationID(p.Digest) + " --region " + in.Finding.Region}}
}
