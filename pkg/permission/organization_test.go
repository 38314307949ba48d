package permission_test

import (
	"slices"
	"strings"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/permission"
)

const (
	organization = "o-a1b2c3d4e5"
	hub          = "999900001111"
	listing      = "000011112222"
)

// member is place as an account of an organization, with all that one can ask for.
func member() permission.Place {
	p := place()
	p.Accounts, p.Groups, p.Organization, p.Hub, p.Bus, p.Listing, p.ImageParameters = nil, []string{hub}, organization, hub, "keymend", listing, "/images/"
	return p
}

func ofHub() permission.Place {
	p := member()
	p.Account = hub
	return p
}

// Who takes which role of a member, asked with the request's own context.
func TestHubTrust(t *testing.T) {
	t.Parallel()
	const other = "444455556666"
	for _, tc := range []struct {
		role                permission.Role
		action              string
		account, name, unit string // of the caller, and its organization
		want                bool
	}{
		{permission.Reader, "sts:AssumeRole", hub, "keymend-diagnose", organization, true},
		{permission.Reader, "sts:AssumeRole", hub, "keymend-remediate", organization, true},
		{permission.Reader, "sts:AssumeRole", hub, "keymend-remediate", "", false},
		{permission.Reader, "sts:AssumeRole", hub, "keymend-remediate", "o-0000000000", false},
		{permission.Reader, "sts:AssumeRole", hub, "keymend-auditor", organization, true},
		{permission.Reader, "sts:AssumeRole", hub, "keymend-auditor", "o-0000000000", false},
		{permission.Reader, "sts:AssumeRole", "111122223333", "keymend-auditor", organization, false},
		{permission.Reader, "sts:AssumeRole", hub, "admin", organization, false},
		{permission.Reader, "sts:AssumeRole", other, "keymend-remediate", organization, false},
		{permission.Reader, "sts:AssumeRole", "111122223333", "keymend-remediate", organization, false},
		{permission.Reader, "sts:AssumeRole", "111122223333", "admin", organization, false},
		{permission.Granter, "sts:AssumeRole", hub, "keymend-remediate", organization, true},
		{permission.Granter, "sts:AssumeRole", hub, "keymend-diagnose", organization, false},
		{permission.Granter, "sts:AssumeRole", hub, "keymend-auditor", organization, false},
		{permission.Granter, "sts:TagSession", hub, "keymend-remediate", organization, false},
		{permission.PolicyWriter, "sts:AssumeRole", hub, "keymend-remediate", organization, true},
		{permission.PolicyWriter, "sts:TagSession", hub, "keymend-remediate", organization, true},
		{permission.PolicyWriter, "sts:SetSourceIdentity", hub, "keymend-remediate", organization, true},
		{permission.PolicyWriter, "sts:TagSession", other, "keymend-remediate", organization, false},
		{permission.PolicyWriter, "sts:AssumeRole", hub, "keymend-auditor", organization, false},
		{permission.Copier, "sts:AssumeRole", hub, "keymend-remediate", organization, true},
		{permission.Copier, "sts:AssumeRole", hub, "keymend-diagnose", organization, false},
		{permission.GroupWriter, "sts:AssumeRole", hub, "keymend-remediate", organization, true},
		{permission.Forwarder, "sts:AssumeRole", hub, "keymend-remediate", organization, false},
		{permission.Notifier, "sts:AssumeRole", hub, "keymend-diagnose", organization, true},
		{permission.Notifier, "sts:AssumeRole", hub, "keymend-remediate", organization, true},
		{permission.Notifier, "sts:AssumeRole", hub, "keymend-remediate", "", false},
		{permission.Notifier, "sts:AssumeRole", hub, "admin", organization, false},
		{permission.Notifier, "sts:AssumeRole", "111122223333", "admin", organization, false},
		{permission.Lister, "sts:AssumeRole", hub, "keymend-diagnose", organization, true},
		{permission.Lister, "sts:AssumeRole", hub, "keymend-remediate", organization, false},
		{permission.Lister, "sts:AssumeRole", hub, "keymend-diagnose", "", false},
		{permission.Lister, "sts:AssumeRole", other, "keymend-diagnose", organization, false},
	} {
		text, err := permission.Trust(tc.role, member())
		if err != nil {
			t.Fatal(err)
		}
		d, err := keypolicy.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string][]string{"aws:tagkeys": {"keymend-account"}}
		if tc.unit != "" {
			values["aws:principalorgid"] = []string{tc.unit}
		}
		caller := access.Principal{ARN: "arn:aws:iam::" + tc.account + ":role/" + tc.name}
		j := access.Resource(d, caller, tc.action, member().ARN(tc.role), access.Context{Complete: true, Values: values})
		if got := j.Decision == access.Allowed || j.Delegated; got != tc.want {
			t.Errorf("%s of %s by %s of %s in %q: %v", tc.action, tc.role, tc.name, tc.account, tc.unit, got)
		}
	}
}

// What a stolen hub can't do in a member, and what the hub needs, decided by IAM alone.
func TestMembersWalls(t *testing.T) {
	t.Parallel()
	with := func(pairs ...string) map[string][]string {
		out := map[string][]string{"kms:granteeprincipal": {slr}, "kms:grantoperations": {"CreateGrant", "Decrypt"}}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = strings.Fields(pairs[i+1])
			for j := range out[pairs[i]] {
				out[pairs[i]][j] = strings.ReplaceAll(out[pairs[i]][j], "_", " ")
			}
		}
		return out
	}
	own := func(pairs ...string) map[string][]string {
		return with(append([]string{"aws:resourceaccount", "111122223333", "aws:resourceorgid", organization}, pairs...)...)
	}
	far := strings.Replace(keyARN, "1111", "4444", 1)
	farther := func(pairs ...string) map[string][]string {
		return with(append([]string{"aws:resourceaccount", "444422223333", "aws:resourceorgid", organization}, pairs...)...)
	}
	enrolled := []string{"aws:resourcetag/keymend", "remediate"}
	writes := func(from, named string) map[string][]string {
		return own(append([]string{"aws:principaltag/keymend-account", from, "aws:resourcetag/keymend-accounts", named}, enrolled...)...)
	}
	nobody := own(append([]string{"aws:resourcetag/keymend-accounts", "organization"}, enrolled...)...)
	closed := member()
	closed.ImageParameters = ""
	assumed := with("aws:resourceorgid", organization, "lambda:sourcefunctionarn", "arn:aws:lambda:eu-west-1:"+hub+":function:keymend-remediate")
	looking := with("aws:resourceorgid", organization, "lambda:sourcefunctionarn", "arn:aws:lambda:eu-west-1:"+hub+":function:keymend-diagnose")
	const news = "arn:aws:events:us-east-1:111122223333:event-bus/default"
	stranger := with("lambda:sourcefunctionarn", "arn:aws:lambda:eu-west-1:"+hub+":function:keymend-remediate")
	for name, tc := range map[string]struct {
		role             permission.Role
		place            permission.Place
		action, resource string
		ctx              map[string][]string
		want             access.Decision
	}{
		"grant on an own key":                      {permission.Granter, member(), "kms:CreateGrant", keyARN, own(enrolled...), access.Allowed},
		"grant on an own key that isn't enrolled":  {permission.Granter, member(), "kms:CreateGrant", keyARN, own(), access.Denied},
		"grant on another member's key":            {permission.Granter, member(), "kms:CreateGrant", far, farther(), access.Allowed},
		"the same, to somebody":                    {permission.Granter, member(), "kms:CreateGrant", far, farther("kms:granteeprincipal", "arn:aws:iam::111122223333:role/a"), access.Denied},
		"the same, of a ninth operation":           {permission.Granter, member(), "kms:CreateGrant", far, farther("kms:grantoperations", "Sign"), access.Denied},
		"grant on a stranger's key":                {permission.Granter, member(), "kms:CreateGrant", far, farther("aws:resourceorgid", "o-0000000000"), access.Denied},
		"grant on a key in no organization":        {permission.Granter, member(), "kms:CreateGrant", far, with("aws:resourceaccount", "444422223333"), access.Denied},
		"policy":                                   {permission.PolicyWriter, member(), "kms:PutKeyPolicy", keyARN, own(enrolled...), access.Allowed},
		"policy, not enrolled":                     {permission.PolicyWriter, member(), "kms:PutKeyPolicy", keyARN, own(), access.Denied},
		"policy for a member that is named":        {permission.PolicyWriter, member(), "kms:PutKeyPolicy", keyARN, writes("444455556666", "444455556666"), access.Allowed},
		"policy for one that isn't":                {permission.PolicyWriter, member(), "kms:PutKeyPolicy", keyARN, writes("444455556666", "777788889999"), access.Denied},
		"policy for any, by the word":              {permission.PolicyWriter, member(), "kms:PutKeyPolicy", keyARN, writes("444455556666", "organization"), access.Allowed},
		"policy for the own account, by its tag":   {permission.PolicyWriter, member(), "kms:PutKeyPolicy", keyARN, nobody, access.Allowed},
		"policy of another member's key":           {permission.PolicyWriter, member(), "kms:PutKeyPolicy", far, farther(enrolled...), access.Denied},
		"grants of another member's key":           {permission.Reader, member(), "kms:ListGrants", far, farther(), access.Allowed},
		"grants of a stranger's":                   {permission.Reader, member(), "kms:ListGrants", far, farther("aws:resourceorgid", "o-0000000000"), access.Denied},
		"images' parameters":                       {permission.Reader, member(), "ssm:GetParameters", "arn:aws:ssm:eu-west-1:111122223333:parameter/images/web", own(), access.Allowed},
		"other parameters":                         {permission.Reader, member(), "ssm:GetParameters", "arn:aws:ssm:eu-west-1:111122223333:parameter/imagesecret", own(), access.Denied},
		"parameters, where none name images":       {permission.Reader, closed, "ssm:GetParameters", "arn:aws:ssm:eu-west-1:111122223333:parameter/a", own(), access.Denied},
		"AWS's parameters there":                   {permission.Reader, closed, "ssm:GetParameters", "arn:aws:ssm:eu-west-1::parameter/aws/service/ami", own(), access.Allowed},
		"the owner's switch":                       {permission.Reader, member(), "ssm:GetParameter", "arn:aws:ssm:us-east-1:111122223333:parameter/keymend/switch", own(), access.Allowed},
		"the organization's wave":                  {permission.Reader, member(), "ssm:GetParameter", "arn:aws:ssm:us-east-1:111122223333:parameter/keymend/wave", own(), access.Allowed},
		"roles of Keymend's":                       {permission.Reader, member(), "iam:GetRole", member().ARN(permission.Granter), own(), access.Allowed},
		"other roles":                              {permission.Reader, member(), "iam:GetRole", "arn:aws:iam::111122223333:role/admin", own(), access.Denied},
		"where Keymend's rules send":               {permission.Reader, member(), "events:ListTargetsByRule", "arn:aws:events:us-east-1:111122223333:rule/keymend-own-writes", own(), access.Allowed},
		"where other rules send":                   {permission.Reader, member(), "events:ListTargetsByRule", "arn:aws:events:us-east-1:111122223333:rule/billing", own(), access.Denied},
		"the organization's trail":                 {permission.Reader, member(), "cloudtrail:GetTrailStatus", "arn:aws:cloudtrail:eu-west-1:000011112222:trail/all", own(), access.Allowed},
		"an auditor, to a member's reader":         {permission.Auditor, ofHub(), "sts:AssumeRole", place().ARN(permission.Reader), with("aws:resourceorgid", organization), access.Allowed},
		"an auditor, to its granter":               {permission.Auditor, ofHub(), "sts:AssumeRole", place().ARN(permission.Granter), with("aws:resourceorgid", organization), access.Denied},
		"an auditor, into an account that left":    {permission.Auditor, ofHub(), "sts:AssumeRole", place().ARN(permission.Reader), with(), access.Denied},
		"an auditor, the hub's log":                {permission.Auditor, ofHub(), "logs:FilterLogEvents", "arn:aws:logs:eu-west-1:" + hub + ":log-group:/aws/lambda/keymend-diagnose:*", with(), access.Allowed},
		"an auditor, to write the log":             {permission.Auditor, ofHub(), "logs:PutLogEvents", "arn:aws:logs:eu-west-1:" + hub + ":log-group:/aws/lambda/keymend-diagnose:*", with(), access.Denied},
		"events to the hub":                        {permission.Forwarder, member(), "events:PutEvents", "arn:aws:events:eu-west-1:" + hub + ":event-bus/keymend", own(), access.Allowed},
		"events to another account":                {permission.Forwarder, member(), "events:PutEvents", "arn:aws:events:eu-west-1:444455556666:event-bus/keymend", own(), access.Denied},
		"events to another bus":                    {permission.Forwarder, member(), "events:PutEvents", "arn:aws:events:eu-west-1:" + hub + ":event-bus/default", own(), access.Denied},
		"news to the account":                      {permission.Notifier, member(), "events:PutEvents", news, own("events:source", "keymend", "events:detail-type", "Keymend_Change"), access.Allowed},
		"news of another source":                   {permission.Notifier, member(), "events:PutEvents", news, own("events:source", "payments", "events:detail-type", "Keymend_Change"), access.Denied},
		"news of another kind":                     {permission.Notifier, member(), "events:PutEvents", news, own("events:source", "keymend", "events:detail-type", "Scheduled_Event"), access.Denied},
		"news on another bus":                      {permission.Notifier, member(), "events:PutEvents", strings.Replace(news, "default", "other", 1), own("events:source", "keymend", "events:detail-type", "Keymend_Change"), access.Denied},
		"news to another account":                  {permission.Notifier, member(), "events:PutEvents", strings.Replace(news, "1111", "4444", 1), own("events:source", "keymend", "events:detail-type", "Keymend_Change"), access.Denied},
		"the hub, where accounts are listed":       {permission.Diagnose, ofHub(), "sts:AssumeRole", "arn:aws:iam::" + listing + ":role/keymend-lister", looking, access.Allowed},
		"the hub, a lister elsewhere":              {permission.Diagnose, ofHub(), "sts:AssumeRole", place().ARN(permission.Lister), looking, access.Denied},
		"the hub's writer, there":                  {permission.Remediate, ofHub(), "sts:AssumeRole", "arn:aws:iam::" + listing + ":role/keymend-lister", assumed, access.Denied},
		"copy from another member's key":           {permission.Copier, member(), "kms:Decrypt", far, farther("kms:viaservice", "ec2.eu-west-1.amazonaws.com"), access.Allowed},
		"copy from a stranger's key":               {permission.Copier, member(), "kms:Decrypt", far, farther("kms:viaservice", "ec2.eu-west-1.amazonaws.com", "aws:resourceorgid", "o-0000000000"), access.Denied},
		"an own key, read by the copier":           {permission.Copier, member(), "kms:Decrypt", keyARN, own("kms:viaservice", "ec2.eu-west-1.amazonaws.com"), access.Denied},
		"the hub, into a member":                   {permission.Remediate, ofHub(), "sts:AssumeRole", place().ARN(permission.Granter), assumed, access.Allowed},
		"the hub, into itself":                     {permission.Remediate, ofHub(), "sts:AssumeRole", ofHub().ARN(permission.Granter), assumed, access.Allowed},
		"the hub, into an account that left":       {permission.Remediate, ofHub(), "sts:AssumeRole", place().ARN(permission.Granter), stranger, access.Denied},
		"the hub's session for another member":     {permission.Remediate, ofHub(), "sts:TagSession", place().ARN(permission.PolicyWriter), assumed, access.Allowed},
		"the hub's session in one that left":       {permission.Remediate, ofHub(), "sts:TagSession", place().ARN(permission.PolicyWriter), stranger, access.Denied},
		"the hub's role, passed to something else": {permission.Remediate, ofHub(), "sts:AssumeRole", place().ARN(permission.Granter), with("aws:resourceorgid", organization), access.Denied},
	} {
		text, err := permission.Policy(tc.role, tc.place)
		if err != nil {
			t.Fatal(err)
		}
		if got := decide(t, text, tc.action, tc.resource, tc.ctx); got != tc.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// The roles of an organization hold what those of an account that works alone hold, but
// for what this lists.
func TestOrganizationIsTheAccountButFor(t *testing.T) {
	t.Parallel()
	only := func(r permission.Role, p permission.Place, than permission.Place) []string {
		var out, others []string
		for _, one := range permission.For(r, than) {
			others = append(others, one.Action+" "+one.Resource+" "+condition(one))
		}
		for _, one := range permission.For(r, p) {
			if line := one.Action + " " + one.Resource + " " + condition(one); !slices.Contains(others, line) {
				out = append(out, one.Action)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	for _, tc := range []struct {
		role        permission.Role
		p           permission.Place
		more, fewer string
	}{
		{permission.Reader, member(), "cloudtrail:DescribeTrails cloudtrail:GetEventSelectors cloudtrail:GetTrailStatus cloudwatch:GetMetricData events:ListRules events:ListTargetsByRule iam:GetRole kms:ListGrants ssm:GetParameter ssm:GetParameters", "kms:ListGrants ssm:GetParameters"},
		{permission.Granter, member(), "kms:CreateGrant", "kms:CreateGrant"},
		{permission.PolicyWriter, member(), "kms:PutKeyPolicy", "kms:PutKeyPolicy"},
		{permission.GroupWriter, member(), "", ""},
		{permission.Copier, member(), "kms:CreateGrant kms:Decrypt kms:DescribeKey kms:ReEncryptFrom", "kms:CreateGrant kms:Decrypt kms:DescribeKey kms:ReEncryptFrom"},
		{permission.Forwarder, member(), "events:PutEvents", ""},
		{permission.Notifier, member(), "events:PutEvents", ""},
		{permission.Lister, member(), "organizations:ListAccounts", ""},
		{permission.KeyReader, member(), "", "ec2:DescribeSnapshots kms:DescribeKey kms:GetKeyPolicy kms:ListAliases kms:ListGrants kms:ListResourceTags"},
	} {
		if more, fewer := strings.Join(only(tc.role, tc.p, place()), " "), strings.Join(only(tc.role, place(), tc.p), " "); more != tc.more || fewer != tc.fewer {
			t.Errorf("%s has more: %s; fewer: %s", tc.role, more, fewer)
		}
	}
}
