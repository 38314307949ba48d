package precheck

import (
	"cmp"
	"slices"
	"strings"

	"keymend/infra/cdkcontext"
	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/permission"
)

// A request is what one of Keymend's roles does, or StackSets for it, in one Region.
type request struct {
	account, role    string // whose
	action, resource string
	region           string
	of               int // how many Regions it is made in
	ctx              access.Context
}

const (
	prefix = "keymend-"
	// exec is a role by which StackSets act in an account; the rest of its name is random.
	exec = "stacksets-exec-00000000000000000000000000000000"
	// sample stands for what isn't known beforehand.
	sample = "00000000-0000-0000-0000-000000000000"
)

// requests are what an account's roles do in all Regions, by the settings of its wave.
func (s Settings) requests(account string, w cdkcontext.Wave) []request {
	p := s.place(account, w)
	var out []request
	for _, r := range permission.Members() {
		if s.without(r, w) {
			continue
		}
		for _, one := range permission.For(r, p) {
			out = append(out, s.everywhere(s.Regions, account, prefix+string(r), one)...)
		}
	}
	return append(out, s.deployed(account)...)
}

func (s Settings) place(account string, w cdkcontext.Wave) permission.Place {
	p := permission.Place{
		Partition: s.partition(), Account: account, Prefix: prefix, SwitchParameter: "/keymend/switch",
		Organization: s.ID, Hub: s.Hub, Bus: "keymend", Suffix: s.Suffix, Resumes: s.Resumes, Copies: w.ForeignKey == "copy", ImageParameters: s.ImageParameters,
	}
	if w.ForeignKey == "grant" {
		p.Groups = []string{s.Hub}
	}
	return p
}

// without reports whether a wave's accounts don't have a role, as infra/member decides.
func (s Settings) without(r permission.Role, w cdkcontext.Wave) bool {
	switch r { //nolint:exhaustive // all have the others
	case permission.PolicyWriter:
		return w.OwnKey == "grant" && w.ForeignKey != "grant"
	case permission.GroupWriter:
		return s.Suffix == "" && !s.Resumes
	case permission.Copier:
		return w.ForeignKey != "copy"
	}
	return false
}

// deployed is what StackSets do in an account.
func (s Settings) deployed(account string) []request {
	var out []request
	for resource, actions := range map[string]string{
		s.arn("iam", "", account, "role/keymend-reader"):                "iam:CreateRole iam:DeleteRole iam:DeleteRolePolicy iam:GetRole iam:PutRolePolicy iam:TagRole iam:UpdateAssumeRolePolicy",
		s.arn("events", "*", account, "rule/keymend-own-writes"):        "events:DeleteRule events:PutRule events:PutTargets events:RemoveTargets",
		s.arn("ssm", "*", account, "parameter/keymend/switch"):          "ssm:DeleteParameter ssm:PutParameter",
		s.arn("cloudformation", "*", account, "stack/StackSet-keymend"): "cloudformation:CreateStack cloudformation:DeleteStack cloudformation:UpdateStack",
	} {
		for action := range strings.FieldsSeq(actions) {
			one := permission.Permission{Action: action, Resource: resource}
			if s.PermissionsBoundary != "" && action == "iam:CreateRole" {
				one.Condition = map[string]map[string][]string{"StringEquals": {"iam:PermissionsBoundary": {s.arn("iam", "", account, "policy/"+s.PermissionsBoundary)}}}
			}
			out = append(out, s.everywhere(s.Regions, account, exec, one)...)
		}
	}
	slices.SortFunc(out, func(a, b request) int { return strings.Compare(a.action+a.region, b.action+b.region) })
	return out
}

// everywhere is a permission used in each of the Regions; what is global, once.
func (s Settings) everywhere(regions []string, account, role string, p permission.Permission) []request {
	if strings.HasPrefix(p.Action, "iam:") || strings.HasPrefix(p.Action, "organizations:") {
		regions = []string{arn.Global(s.partition())}
	}
	var out []request
	for _, region := range regions {
		r := request{account: account, role: role, action: p.Action, resource: s.concrete(p.Resource, region), region: region, of: len(regions)}
		r.ctx = s.context(r, p.Condition)
		out = append(out, r)
	}
	return out
}

// concrete makes a resource of a pattern: another account's is the hub's.
func (s Settings) concrete(pattern, region string) string {
	to, ok := arn.Parse(pattern)
	if !ok {
		return pattern
	}
	if to.Region == "*" {
		to.Region = region
	}
	if to.Account == "*" {
		to.Account = s.Hub
	}
	to.Resource = strings.ReplaceAll(to.Resource, "*", sample)
	return to.String()
}

// context is what is known of a request: what its permission's own conditions ask for,
// and what all have. The rest is unknown: a policy that asks for it can't be told of.
func (s Settings) context(r request, conditions map[string]map[string][]string) access.Context {
	values := map[string][]string{
		"aws:principalarn": {s.arn("iam", "", r.account, "role/"+r.role)}, "aws:principalaccount": {r.account}, "aws:principalorgid": {s.ID}, "aws:principaltype": {"AssumedRole"},
		"aws:principalisawsservice": {"false"}, "aws:viaawsservice": {"false"}, "aws:securetransport": {"true"}, "aws:requestedregion": {r.region},
		"aws:resourceorgid": {s.ID}, "kms:grantisforawsresource": {"false"}, "kms:bypasspolicylockoutsafetycheck": nil, "iam:permissionsboundary": nil,
		"aws:sourcevpc": nil, "aws:sourcevpce": nil, "aws:vpcsourceip": nil, "aws:multifactorauthpresent": nil, "aws:multifactorauthage": nil,
		"aws:principalservicename": nil, "aws:federatedprovider": nil, "aws:username": nil, "aws:sourceaccount": nil, "aws:sourcearn": nil,
	}
	values["aws:resourceaccount"] = []string{cmp.Or(arn.Account(r.resource), r.account)}
	for operator, keys := range conditions {
		if strings.Contains(operator, "Not") {
			continue
		}
		for key, asked := range keys {
			switch {
			case operator != "Null":
				values[strings.ToLower(key)] = []string{strings.ReplaceAll(asked[0], "*", "")}
			case asked[0] == "true":
				values[strings.ToLower(key)] = nil
			}
		}
	}
	return access.Context{Values: values}
}

// arn names something in an account, in the partition that is governed.
func (s Settings) arn(service, region, account, resource string) string {
	return arn.ARN{Partition: s.partition(), Service: service, Region: region, Account: account, Resource: resource}.String()
}

func (s Settings) partition() string { return arn.PartitionOf(s.Regions[0]) }
