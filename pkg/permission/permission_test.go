package permission_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/permission"
)

var update = flag.Bool("update", false, "rewrite the table in docs/permissions.md")

func place() permission.Place {
	return permission.Place{
		Partition: "aws", Account: "111122223333", Region: "eu-west-1", Prefix: "keymend-", Scope: "tagged",
		Signals: "keymend-signals", Changes: "keymend-changes.fifo", Looks: "keymend-looks", Drift: "keymend-drift.fifo", SwitchParameter: "/keymend/switch", Suffix: "payments",
		Accounts: []string{"444455556666"}, Groups: []string{"777788889999"}, Copies: true, Resumes: true, ImageParameters: "/",
	}
}

const (
	keyARN = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d"
	group  = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/web-prod"
	spot   = "arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
	slr    = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

// The rules of DESIGN: no data-plane KMS outside the copier, no deletion and no
// tagging but of its own copies, no RunInstances; writes only in the roles that write, each on keys of the own
// account, and no wildcard in any action.
func TestNoRoleMayMoreThanItsKind(t *testing.T) {
	t.Parallel()
	writes := map[string]permission.Role{
		"kms:PutKeyPolicy": permission.PolicyWriter, "kms:CreateGrant": permission.Granter,
		"iam:CreateServiceLinkedRole": permission.GroupWriter, "autoscaling:UpdateAutoScalingGroup": permission.GroupWriter, "iam:PassRole": permission.GroupWriter, "autoscaling:ResumeProcesses": permission.GroupWriter,
		"sqs:SendMessage": permission.Diagnose,
	}
	for _, r := range permission.Roles() {
		seen := map[string]bool{}
		for _, p := range permission.For(r, place()) {
			if r == permission.Copier {
				continue // see TestCopier
			}
			service, action, _ := strings.Cut(p.Action, ":")
			read := strings.HasPrefix(action, "Describe") || strings.HasPrefix(action, "Get") || strings.HasPrefix(action, "List") || p.Action == "cloudtrail:LookupEvents" || p.Action == "logs:FilterLogEvents"
			switch {
			case strings.Contains(p.Action, "*"), p.Why == "", seen[p.Action+p.Resource+condition(p)]:
				t.Errorf("%s: %+v", r, p)
			case (service == "kms" || service == "iam" || service == "autoscaling") && !read && writes[p.Action] != r:
				t.Errorf("%s may write: %s", r, p.Action)
			case writes[p.Action] != "" && p.Resource == "*":
				t.Errorf("%s may %s everywhere", r, p.Action)
			case writes[p.Action] == "" && !read && !p.ByLambda && service != "sts" && p.Action != "events:PutEvents":
				t.Errorf("%s may %s", r, p.Action)
			}
			seen[p.Action+p.Resource+condition(p)] = true
		}
	}
	if permission.For("nobody", place()) != nil {
		t.Error("a role that doesn't exist may do something")
	}
}

func decide(t *testing.T, text, action, resource string, ctx map[string][]string) access.Decision {
	t.Helper()
	d, err := keypolicy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return access.Identity([]*keypolicy.Document{d}, action, resource, access.Context{Values: ctx, Complete: true}).Decision
}

// The writers' conditions, asked of the evaluator: each stands alone between an
// attacker with the role and the write.
func TestWritersConditions(t *testing.T) {
	t.Parallel()
	enrolled := map[string][]string{"aws:resourcetag/keymend": {"remediate"}}
	with := func(base map[string][]string, more ...string) map[string][]string {
		out := map[string][]string{}
		for k, v := range base {
			out[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = strings.Fields(more[i+1])
		}
		return out
	}
	grant := with(enrolled, "kms:granteeprincipal", slr, "kms:grantoperations", "CreateGrant Decrypt")
	from := func(account, named string) map[string][]string {
		out := with(enrolled, "aws:principaltag/keymend-account", account)
		out["aws:resourcetag/keymend-accounts"] = []string{named}
		return out
	}
	all, alone := place(), place()
	all.Scope, alone.Accounts = "all", nil
	farARN := strings.Replace(keyARN, "111122223333", "444455556666", 1)
	for name, tc := range map[string]struct {
		role   permission.Role
		place  permission.Place
		action string
		key    string
		ctx    map[string][]string
		want   access.Decision
	}{
		"policy":                                      {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, enrolled, access.Allowed},
		"policy, not enrolled":                        {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, nil, access.Denied},
		"policy, ignored":                             {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, with(nil, "aws:resourcetag/keymend", "ignore"), access.Denied},
		"policy, not enrolled, all":                   {permission.PolicyWriter, all, "kms:PutKeyPolicy", keyARN, nil, access.Allowed},
		"grant, on a listed account's key":            {permission.Granter, place(), "kms:CreateGrant", farARN, with(grant, "aws:resourcetag/keymend", "", "aws:resourceaccount", "444455556666"), access.Allowed},
		"grant, on it, to another role":               {permission.Granter, place(), "kms:CreateGrant", farARN, with(grant, "aws:resourceaccount", "444455556666", "kms:granteeprincipal", "arn:aws:iam::111122223333:role/evil"), access.Denied},
		"grant, on it, of more":                       {permission.Granter, place(), "kms:CreateGrant", farARN, with(grant, "aws:resourceaccount", "444455556666", "kms:grantoperations", "Decrypt Sign"), access.Denied},
		"grant, on another account's":                 {permission.Granter, place(), "kms:CreateGrant", farARN, with(grant, "aws:resourceaccount", "777788889999"), access.Denied},
		"grant, no account listed":                    {permission.Granter, alone, "kms:CreateGrant", farARN, with(grant, "aws:resourceaccount", "444455556666"), access.Denied},
		"policy, on a listed account's":               {permission.PolicyWriter, place(), "kms:PutKeyPolicy", farARN, enrolled, access.Denied},
		"policy, another account":                     {permission.PolicyWriter, place(), "kms:PutKeyPolicy", strings.Replace(keyARN, "1111", "4444", 1), enrolled, access.Denied},
		"policy, lockout bypassed":                    {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, with(enrolled, "kms:bypasspolicylockoutsafetycheck", "true"), access.Denied},
		"policy, from an account that the key is for": {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, from("777788889999", "777788889999 888877776666"), access.Allowed},
		"… as the second":                             {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, from("777788889999", "888877776666 777788889999"), access.Allowed},
		"policy, from another account":                {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, from("777788889999", "888877776666"), access.Denied},
		"policy, from an account, the key for none":   {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, with(enrolled, "aws:principaltag/keymend-account", "777788889999"), access.Denied},
		"policy, from an account, the key for every":  {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, from("777788889999", "organization"), access.Denied},
		"policy, from an account, not enrolled":       {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, with(nil, "aws:principaltag/keymend-account", "777788889999", "aws:resourcetag/keymend-accounts", "777788889999"), access.Denied},
		"policy, from an account, scope all":          {permission.PolicyWriter, all, "kms:PutKeyPolicy", keyARN, with(nil, "aws:principaltag/keymend-account", "777788889999"), access.Denied},
		"policy, from an account, lockout bypassed":   {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, with(from("777788889999", "777788889999"), "kms:bypasspolicylockoutsafetycheck", "true"), access.Denied},
		"policy, from a wildcard":                     {permission.PolicyWriter, place(), "kms:PutKeyPolicy", keyARN, from("*", "888877776666"), access.Denied},
		"policy writer grants":                        {permission.PolicyWriter, place(), "kms:CreateGrant", keyARN, grant, access.Denied},
		"grant":                                       {permission.Granter, place(), "kms:CreateGrant", keyARN, grant, access.Allowed},
		"grant, to another role":                      {permission.Granter, place(), "kms:CreateGrant", keyARN, with(grant, "kms:granteeprincipal", "arn:aws:iam::111122223333:role/evil"), access.Denied},
		"grant, to another account":                   {permission.Granter, place(), "kms:CreateGrant", keyARN, with(grant, "kms:granteeprincipal", strings.Replace(slr, "1111", "4444", 1)), access.Denied},
		"grant, of more":                              {permission.Granter, place(), "kms:CreateGrant", keyARN, with(grant, "kms:grantoperations", "Decrypt Sign"), access.Denied},
		"grant, not enrolled":                         {permission.Granter, place(), "kms:CreateGrant", keyARN, with(grant, "aws:resourcetag/keymend", "no"), access.Denied},
		"grants of others revoked":                    {permission.Granter, place(), "kms:RevokeGrant", keyARN, enrolled, access.Denied},
		"reader writes":                               {permission.Reader, place(), "kms:PutKeyPolicy", keyARN, enrolled, access.Denied},
		"grant, to the Spot role":                     {permission.Granter, place(), "kms:CreateGrant", keyARN, with(grant, "kms:granteeprincipal", spot), access.Allowed},
		"grant, to a Spot fleet":                      {permission.Granter, place(), "kms:CreateGrant", keyARN, with(grant, "kms:granteeprincipal", spot+"Fleet"), access.Denied},
		"role":                                        {permission.GroupWriter, place(), "iam:CreateServiceLinkedRole", slr + "_payments", with(nil, "iam:awsservicename", "autoscaling.amazonaws.com"), access.Allowed},
		"role, another suffix":                        {permission.GroupWriter, place(), "iam:CreateServiceLinkedRole", slr + "_payments2", with(nil, "iam:awsservicename", "autoscaling.amazonaws.com"), access.Denied},
		"role, another service":                       {permission.GroupWriter, place(), "iam:CreateServiceLinkedRole", slr + "_payments", with(nil, "iam:awsservicename", "spot.amazonaws.com"), access.Denied},
		"pass":                                        {permission.GroupWriter, place(), "iam:PassRole", slr + "_payments", with(nil, "iam:passedtoservice", "autoscaling.amazonaws.com"), access.Allowed},
		"pass the default role":                       {permission.GroupWriter, place(), "iam:PassRole", slr, with(nil, "iam:passedtoservice", "autoscaling.amazonaws.com"), access.Denied},
		"pass to EC2":                                 {permission.GroupWriter, place(), "iam:PassRole", slr + "_payments", with(nil, "iam:passedtoservice", "ec2.amazonaws.com"), access.Denied},
		"group":                                       {permission.GroupWriter, place(), "autoscaling:UpdateAutoScalingGroup", group, nil, access.Allowed},
		"group, ignored":                              {permission.GroupWriter, place(), "autoscaling:UpdateAutoScalingGroup", group, with(nil, "aws:resourcetag/keymend", "ignore"), access.Denied},
		"group, another account":                      {permission.GroupWriter, place(), "autoscaling:UpdateAutoScalingGroup", strings.Replace(group, "1111", "4444", 1), nil, access.Denied},
	} {
		text, err := permission.Policy(tc.role, tc.place)
		if err != nil {
			t.Fatal(err)
		}
		if got := decide(t, text, tc.action, tc.key, tc.ctx); got != tc.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestSessionPolicyNarrows(t *testing.T) {
	t.Parallel()
	passing, err := permission.SessionPolicy("autoscaling:UpdateAutoScalingGroup", group, slr)
	if err != nil {
		t.Fatal(err)
	}
	if decide(t, passing, "iam:PassRole", slr, nil) != access.Allowed || decide(t, passing, "iam:PassRole", slr+"_payments", nil) != access.Denied {
		t.Errorf("passes something else: %s", passing)
	}
	text, err := permission.SessionPolicy("kms:PutKeyPolicy", keyARN)
	if err != nil {
		t.Fatal(err)
	}
	for want, ask := range map[access.Decision][][2]string{
		access.Allowed: {{"kms:PutKeyPolicy", keyARN}},
		access.Denied:  {{"kms:PutKeyPolicy", keyARN + "0"}, {"kms:CreateGrant", keyARN}, {"kms:GetKeyPolicy", keyARN}},
	} {
		for _, a := range ask {
			if got := decide(t, text, a[0], a[1], nil); got != want {
				t.Errorf("%v: %s", a, got)
			}
		}
	}
}

// A session is for its target alone, whatever that is called: a group may be named "*".
func TestSessionPolicyMeansItsTargetOnly(t *testing.T) {
	t.Parallel()
	const prefix = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/"
	names := []string{"*", "web*", "web?", "web-prod", "webx", "${aws:username}", "$", "$*", "${*}", "${$}", "{*}", "w$b"}
	for _, name := range names {
		text, err := permission.SessionPolicy("autoscaling:ResumeProcesses", prefix+name)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range names {
			want := access.Denied
			if other == name {
				want = access.Allowed
			}
			if got := decide(t, text, "autoscaling:ResumeProcesses", prefix+other, nil); got != want {
				t.Errorf("a session for %q on %q: %s", name, other, got)
			}
		}
	}
}

// Roles are assumed by the functions' roles only, the writers by remediate's.
func TestTrust(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		role   permission.Role
		caller string
		want   access.Decision
	}{
		{permission.KeyReader, "777788889999:keymend-diagnose", access.Allowed},
		{permission.KeyReader, "777788889999:keymend-remediate", access.Allowed},
		{permission.KeyReader, "777788889999:admin", access.Denied},
		{permission.KeyReader, "444455556666:keymend-remediate", access.Denied},
		{permission.KeyReader, "keymend-remediate", access.Denied},
		{permission.Reader, "777788889999:keymend-diagnose", access.Denied},
		{permission.PolicyWriter, "777788889999:keymend-remediate", access.Allowed},
		{permission.PolicyWriter, "777788889999:keymend-diagnose", access.Denied},
		{permission.Granter, "777788889999:keymend-remediate", access.Denied},
		{permission.Remediate, "777788889999:keymend-remediate", access.Denied},
		{permission.Reader, "777788889999:admin", access.Denied},
		{permission.Reader, "444455556666:keymend-remediate", access.Denied},
		{permission.Reader, "keymend-diagnose", access.Allowed},
		{permission.Reader, "keymend-remediate", access.Allowed},
		{permission.PolicyWriter, "keymend-remediate", access.Allowed},
		{permission.PolicyWriter, "keymend-diagnose", access.Denied},
		{permission.Granter, "keymend-diagnose", access.Denied},
		{permission.Granter, "keymend-reader", access.Denied},
		{permission.Reader, "admin", access.Denied},
	} {
		text, err := permission.Trust(tc.role, place())
		if err != nil {
			t.Fatal(err)
		}
		d, err := keypolicy.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		account, name, far := strings.Cut(tc.caller, ":")
		if !far {
			account, name = "111122223333", tc.caller
		}
		p := access.Principal{ARN: "arn:aws:iam::" + account + ":role/" + name}
		j := access.Resource(d, p, "sts:AssumeRole", place().ARN(tc.role), access.Context{Complete: true, Values: saying(account, account)})
		if delegated := j.Decision == access.Allowed || j.Delegated; delegated != (tc.want == access.Allowed) {
			t.Errorf("%s by %s: %+v", tc.role, tc.caller, j)
		}
	}
}

// Who is let in from another account reads keys and snapshots, and nothing else of
// the account: no parameters, no CloudTrail, no templates.
func TestKeyReader(t *testing.T) {
	t.Parallel()
	var got []string
	for _, p := range permission.For(permission.KeyReader, place()) {
		got = append(got, p.Action)
	}
	want := []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants", "kms:ListResourceTags", "kms:ListAliases", "ec2:DescribeSnapshots"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	alone := place()
	alone.Groups = nil
	if permission.For(permission.KeyReader, alone) != nil {
		t.Error("it may do something where nobody is let in")
	}
}

// A function writes its own log, and no other: by the log of remediate writes are
// judged.
func TestAFunctionWritesItsOwnLogOnly(t *testing.T) {
	t.Parallel()
	for _, role := range []permission.Role{permission.Diagnose, permission.Remediate} {
		text, err := permission.Policy(role, place())
		if err != nil {
			t.Fatal(err)
		}
		for _, of := range []permission.Role{permission.Diagnose, permission.Remediate, "anything"} {
			stream := "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/keymend-" + string(of) + ":log-stream:1"
			for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
				if got := decide(t, text, action, stream, nil); (got == access.Allowed) != (role == of) {
					t.Errorf("%s by %s on the log of %s: %s", action, role, of, got)
				}
			}
		}
	}
}

// saying is the context of a call by an account that says it is from one.
func saying(account, from string) map[string][]string {
	return map[string][]string{"aws:principalaccount": {account}, "aws:requesttag/keymend-account": {from}, "sts:sourceidentity": {from}}
}

// Whoever takes the policy writer from another account says which, truly: IAM then
// holds the session to the keys that are enrolled for that account.
func TestOthersSayWhoTheyAre(t *testing.T) {
	t.Parallel()
	text, err := permission.Trust(permission.PolicyWriter, place())
	if err != nil {
		t.Fatal(err)
	}
	d, err := keypolicy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	const other = "777788889999"
	for name, tc := range map[string]struct {
		ctx                      map[string][]string
		assume, tag, setIdentity bool
	}{
		"itself":          {saying(other, other), true, true, true},
		"another account": {saying(other, "444455556666"), false, false, false},
		"nobody":          {saying(other, ""), false, false, false},
		"everybody":       {saying(other, "*"), false, false, false},
		"nothing":         {map[string][]string{"aws:principalaccount": {other}}, false, false, false},
		"only by the tag": {map[string][]string{"aws:principalaccount": {other}, "aws:requesttag/keymend-account": {other}}, false, true, false},
	} {
		for action, want := range map[string]bool{"sts:AssumeRole": tc.assume, "sts:TagSession": tc.tag, "sts:SetSourceIdentity": tc.setIdentity} {
			p := access.Principal{ARN: "arn:aws:iam::" + other + ":role/keymend-remediate"}
			j := access.Resource(d, p, action, place().ARN(permission.PolicyWriter), access.Context{Complete: true, Values: tc.ctx})
			if (j.Decision == access.Allowed || j.Delegated) != want {
				t.Errorf("%s: %s: %+v", name, action, j)
			}
		}
	}
	own := access.Principal{ARN: place().ARN(permission.Remediate)}
	for _, action := range []string{"sts:TagSession", "sts:SetSourceIdentity"} {
		if j := access.Resource(d, own, action, place().ARN(permission.PolicyWriter), access.Context{Complete: true, Values: saying("111122223333", "111122223333")}); j.Decision == access.Allowed || j.Delegated {
			t.Errorf("a session of the account itself may %s", action)
		}
	}
}

// Others' events, and AWS's, aren't Keymend's to put.
func TestOnlyKeymendsEvents(t *testing.T) {
	t.Parallel()
	for _, role := range permission.Roles() {
		text, err := permission.Policy(role, place())
		if err != nil {
			t.Fatal(err)
		}
		for source, want := range map[string]bool{"keymend": role == permission.Diagnose || role == permission.Remediate, "payments": false, "keymend2": false} {
			ctx := map[string][]string{"events:source": {source}, "lambda:sourcefunctionarn": {"arn:aws:lambda:eu-west-1:111122223333:function:keymend-" + string(role)}}
			if got := decide(t, text, "events:PutEvents", "arn:aws:events:eu-west-1:111122223333:event-bus/default", ctx); (got == access.Allowed) != want {
				t.Errorf("%s, source %s: %s", role, source, got)
			}
		}
	}
}

// What a function's code does counts only as the function's: a role that is passed to
// another one gets nothing by it. What Lambda itself does has no such mark.
func TestOnlyTheFunctionItself(t *testing.T) {
	t.Parallel()
	for _, role := range []permission.Role{permission.Diagnose, permission.Remediate} {
		arn := "arn:aws:lambda:eu-west-1:111122223333:function:keymend-" + string(role)
		for _, p := range permission.For(role, place()) {
			text, err := permission.Policy(role, place())
			if err != nil {
				t.Fatal(err)
			}
			for from, want := range map[string]bool{arn: true, arn + "-2": p.ByLambda, strings.Replace(arn, "eu-west-1", "us-east-1", 1): p.ByLambda, "": p.ByLambda} {
				ctx := map[string][]string{"events:source": {"keymend"}}
				if from != "" {
					ctx["lambda:sourcefunctionarn"] = []string{from}
				}
				if got := decide(t, text, p.Action, strings.ReplaceAll(p.Resource, "*", "1"), ctx); (got == access.Allowed) != want {
					t.Errorf("%s: %s on %s from %q: %s", role, p.Action, p.Resource, from, got)
				}
			}
		}
	}
}

func table() string {
	var out strings.Builder
	write := func(heading string, permissions []permission.Permission) {
		if len(permissions) == 0 {
			return
		}
		fmt.Fprintf(&out, "\n### %s\n\n| action | on | only if | why |\n|---|---|---|---|\n", heading)
		for _, p := range permissions {
			why := p.Why
			if p.ByLambda {
				why += " (the Lambda service does it)"
			}
			fmt.Fprintf(&out, "| `%s` | `%s` | %s | %s |\n", p.Action, p.Resource, condition(p), why)
		}
	}
	for _, r := range permission.Roles() {
		write(string(r), permission.For(r, place()))
	}
	out.WriteString("\n## In an organization\n\nOnly what a role holds there and not in an account that works alone. The organization is " + organization + ", the hub " + hub + ", and the path of images' parameters /images/. Accounts that are listed are those of the organization.\n")
	for _, r := range permission.Members() {
		write(string(r)+" of a member", fresh(permission.For(r, member()), permission.For(r, place())))
	}
	write(string(permission.Lister), permission.For(permission.Lister, member()))
	for _, r := range permission.Hub() {
		alone := place()
		alone.Account = hub
		write(string(r)+" of the hub", fresh(permission.For(r, ofHub()), permission.For(r, alone)))
	}
	return out.String()
}

// fresh returns those that aren't among the others.
func fresh(these, others []permission.Permission) []permission.Permission {
	return slices.DeleteFunc(these, func(p permission.Permission) bool {
		return slices.ContainsFunc(others, func(o permission.Permission) bool { return reflect.DeepEqual(o, p) })
	})
}

func condition(p permission.Permission) string {
	if len(p.Condition) == 0 {
		return ""
	}
	text, err := json.Marshal(p.Condition)
	if err != nil {
		return err.Error()
	}
	return "`" + string(text) + "`"
}

func TestDocument(t *testing.T) {
	t.Parallel()
	const doc, mark = "../../docs/permissions.md", "<!-- made from pkg/permission -->\n"
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	head, got, ok := strings.Cut(string(text), mark)
	if !ok {
		t.Fatalf("%s has no mark", doc)
	}
	if *update {
		if err := os.WriteFile(doc, []byte(head+mark+table()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(table(), got); diff != "" {
		t.Errorf("run with -update: %s", diff)
	}
}
