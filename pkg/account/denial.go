package account

import "strings"

// A PolicyType is a kind of policy that can refuse a call, in AWS's own words.
type PolicyType string

// The kinds.
const (
	IdentityBased        PolicyType = "identity-based policy"
	ResourceBased        PolicyType = "resource-based policy"
	SessionBased         PolicyType = "session policy"
	PermissionsBoundary  PolicyType = "permissions boundary"
	ServiceControlPolicy PolicyType = "service control policy"
	ResourceControl      PolicyType = "resource control policy"
	VPCEndpoint          PolicyType = "VPC endpoint policy"
	RoleTrust            PolicyType = "role trust policy"
)

func policyTypes() []PolicyType {
	return []PolicyType{
		IdentityBased, ResourceBased, SessionBased, PermissionsBoundary,
		ServiceControlPolicy, ResourceControl, VPCEndpoint, RoleTrust,
	}
}

// A Denial is what AWS says about a call that it refused for want of
// permission. What it doesn't say is empty.
type Denial struct {
	Action    string     // as in "kms:PutKeyPolicy"
	Resource  string     // as AWS writes it, usually an ARN
	Policy    PolicyType // of several that refuse, AWS names one
	PolicyARN string     // of the policy that denies explicitly
	Explicit  bool       // a Deny statement refused; else nothing allowed it
	Unclear   bool       // AWS leaves open whether the policy denies, doesn't allow, or the resource isn't there
}

// DenialOf reads a refusal; false where the error is none. The code says that
// it is one; only the details come from the text, which AWS may change.
//
//	User: … is not authorized to perform: <action> on resource: <resource>
//	  because no <type> policy allows the <action> action
//	  with an explicit deny in a <type> policy
//	  with an explicit deny in a <type> policy: <policy ARN>
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func DenialOf(err error) (Denial, bool) {
	if !AccessDenied(err) {
		return Denial{}, false
	}
	d := readDenial(Message(err))
	if d.Action == "" {
		d.Action = calledAction(err)
	}
	return d, true
}

// String says why the call was refused: "an explicit deny in a service control
// policy", "no identity-based policy allows it"; "" where AWS doesn't say.
func (d Denial) String() string {
	switch {
	case d.Action == "sts:TagSession", d.Action == "sts:SetSourceIdentity":
		return "a role that an earlier version deployed takes no session that says which account it is from: whoever runs Keymend in that account deploys it anew"
	case d.Policy == "":
		return ""
	case d.Unclear:
		return "the resource isn't there, or its " + string(d.Policy) + " doesn't allow it or denies it"
	case !d.Explicit:
		return "no " + string(d.Policy) + " allows it"
	}
	words := "an explicit deny in " + article(d.Policy) + " " + string(d.Policy)
	if d.PolicyARN != "" {
		words += " (" + d.PolicyARN + ")"
	}
	return words
}

func article(p PolicyType) string {
	if p == IdentityBased {
		return "an"
	}
	return "a"
}

func readDenial(text string) Denial {
	_, rest, ok := strings.Cut(text, "is not authorized to perform: ")
	if !ok {
		return Denial{}
	}
	d := Denial{Action: leading(rest, isActionRune)}
	if !strings.Contains(d.Action, ":") {
		d.Action = ""
	}
	if _, after, ok := strings.Cut(rest, " on resource: "); ok {
		d.Resource = resourceIn(after)
	}
	if _, after, ok := strings.Cut(rest, "with an explicit deny in "); ok {
		d.Policy, d.PolicyARN = explicit(after)
		d.Explicit = d.Policy != ""
		return d
	}
	// KMS, of a key in another account: "because the resource does not exist in
	// this Region, no resource-based policies allow access, or a resource-based
	// policy explicitly denies access".
	if strings.Contains(rest, "a resource-based policy explicitly denies access") {
		d.Policy, d.Unclear = ResourceBased, true
		return d
	}
	if _, after, ok := strings.Cut(rest, "because no "); ok {
		d.Policy = typeAt(after)
	}
	return d
}

// explicit reads what stands after "with an explicit deny in": article, type,
// and since 2026 the policy's ARN.
func explicit(text string) (PolicyType, string) {
	_, text, _ = strings.Cut(text, " ") // a, an, the
	found := typeAt(text)
	if found == "" {
		return "", ""
	}
	text = text[len(found):]
	text = strings.TrimPrefix(text, ", with policy ARN")
	if arn, ok := strings.CutPrefix(text, ": "); ok && strings.HasPrefix(arn, "arn:") {
		return found, strings.TrimRight(leading(arn, notSpace), ".,")
	}
	return found, ""
}

func typeAt(text string) PolicyType {
	for _, t := range policyTypes() {
		if strings.HasPrefix(text, string(t)) {
			return t
		}
	}
	return ""
}

// resourceIn reads up to the reason. Not every resource is an ARN ("user x").
func resourceIn(text string) string {
	for _, end := range []string{" because ", " with an explicit deny", "\n"} {
		text, _, _ = strings.Cut(text, end)
	}
	return strings.Trim(text, ` ".`)
}

func leading(text string, is func(rune) bool) string {
	end := strings.IndexFunc(text, func(r rune) bool { return !is(r) })
	if end < 0 {
		return text
	}
	return text[:end]
}

func notSpace(r rune) bool { return r != ' ' && r != '\n' && r != '\t' }

func isActionRune(r rune) bool {
	return r == ':' || r == '-' || r == '*' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
