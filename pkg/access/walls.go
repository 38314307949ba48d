package access

import "keymend/pkg/keypolicy"

// Walls are the policies that narrow what identity and resource policies give. They
// give nothing themselves.
//
// An organization's policies bind no service-linked role, and its management account
// neither by what its principals do nor by what is done there. Service control policies
// bind no AWS service that asks as itself. In those cases they are nil.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
type Walls struct {
	// SessionPolicies narrow an assumed-role session. Nil: there are none.
	SessionPolicies []*keypolicy.Document
	// Boundary is the role's permissions boundary. Nil: there is none.
	Boundary []*keypolicy.Document
	// ServiceControl has the service control policies of each level from the root by
	// way of the units to the principal's account: every level must allow. Nil: none bind.
	// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
	ServiceControl [][]*keypolicy.Document
	// ResourceControl are the resource control policies that bind the resource's
	// account. Only what they deny counts: AWS's RCPFullAWSAccess, which can't be taken
	// away, allows the rest on each level. Nil: none bind.
	// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
	ResourceControl []*keypolicy.Document
}

// Narrow says what is left of a judgement of identity or resource policies within the
// walls. A Deny in any of them wins, each must allow, and what isn't known
// in one makes the judgement Unknown, unless another refuses for certain.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (w Walls) Narrow(j Judgement, action, resource string, ctx Context) Judgement {
	h := w.judge(action, resource, ctx)
	t := and(j.truth(), h.session.truth(), h.boundary.truth(), h.control.truth(), h.resource.truth.not())
	out := j
	out.Decision = t.decision()
	switch {
	case t == yes, j.Explicit:
	case t == no:
		wall, by := h.refusal()
		// Of what lacks an Allow, AWS names the organization's policies before the
		// identity's, and those before boundary and session.
		if own := j.Decision == Denied && by == "" && wall != ServiceControlTooNarrow; !own {
			out.Wall, out.By, out.Explicit, out.UnknownKeys = wall, by, by != "", nil
		}
	default:
		out.UnknownKeys = keysOf(append(h.votes(), vote{truth: maybe, keys: j.UnknownKeys}, j.deny)...)
	}
	return out
}

// held is what the walls say of one action. The zero Judgement would be Unknown: where
// there is no wall, it is Allowed.
type held struct {
	session, boundary, control Judgement
	resource                   vote // what resource control policies deny
}

func (w Walls) judge(action, resource string, ctx Context) held {
	open := Judgement{Decision: Allowed}
	h := held{session: open, boundary: open, control: open}
	if w.SessionPolicies != nil {
		h.session = Identity(w.SessionPolicies, action, resource, ctx)
	}
	if w.Boundary != nil {
		h.boundary = Identity(w.Boundary, action, resource, ctx)
	}
	for _, level := range w.ServiceControl {
		h.control = stricter(h.control, Identity(level, action, resource, ctx))
	}
	// "The kms:RetireGrant permission is not effective in an RCP."
	// https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html
	if action != "kms:RetireGrant" {
		h.resource = Identity(w.ResourceControl, action, resource, ctx).deny
	}
	return h
}

// stricter joins what two levels say: each must allow, and a Deny of either counts.
func stricter(a, b Judgement) Judgement {
	out := a
	if !a.Explicit && (b.Explicit || b.truth() < a.truth()) {
		out = b
	}
	out.UnknownKeys = append(append([]string{}, a.UnknownKeys...), b.UnknownKeys...)
	return out
}

// refusal returns the wall that refuses, and the statement where one denies: of several,
// AWS names one. Explicit denies come first; then what lacks an Allow, in the order in
// which AWS asks.
func (h held) refusal() (wall Reason, by string) {
	switch {
	case h.session.Explicit:
		return DeniedBySession, h.session.By
	case h.boundary.Explicit:
		return DeniedByBoundary, h.boundary.By
	case h.control.Explicit:
		return DeniedByServiceControl, h.control.By
	case h.resource.truth == yes:
		return DeniedByResourceControl, h.resource.by
	case h.control.Decision == Denied:
		return ServiceControlTooNarrow, ""
	case h.boundary.Decision == Denied:
		return BoundaryTooNarrow, ""
	case h.session.Decision == Denied:
		return SessionTooNarrow, ""
	}
	return "", ""
}

// denied is what the walls deny explicitly, but for what a level of the organization
// does: without its Allow nothing is allowed, so that its judgement as a whole counts.
func (h held) denied() truth {
	return or(h.session.deny.truth, h.boundary.deny.truth, h.resource.truth)
}

// votes are for the keys on which the walls hang.
func (h held) votes() []vote {
	return []vote{
		h.resource, h.session.deny, h.boundary.deny,
		{truth: maybe, keys: h.session.UnknownKeys}, {truth: maybe, keys: h.boundary.UnknownKeys}, {truth: maybe, keys: h.control.UnknownKeys},
	}
}
