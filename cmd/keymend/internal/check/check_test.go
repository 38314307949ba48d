package check_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"keymend/cmd/keymend/internal/check"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/keypolicy"
	"keymend/pkg/remediation"
	"keymend/pkg/whatif"
)

// of starts a world for a test.
func of(t *testing.T) *world {
	t.Helper()
	client := &http.Client{}
	w := newWorld(t.Context(), t, client)
	t.Cleanup(client.CloseIdleConnections)
	return w
}

func (w *world) understand(asked check.Asked) (check.Given, error) {
	w.t.Helper()
	view, err := w.looker().AWS.View(w.ctx, ours, region)
	must(w.t, err)
	return check.Understand(w.ctx, view, check.Place{Partition: "aws", Account: ours, Region: region, Caller: access.Principal{ARN: admin}}, asked)
}

// shown is the screen of a change.
func (w *world) shown(asked check.Asked, groups ...string) (string, *check.Tally) {
	w.t.Helper()
	given, err := w.understand(asked)
	must(w.t, err)
	t := &check.Tally{Question: check.Question{Account: ours, Region: region, Groups: groups, Change: given.Change}, Given: given}
	must(w.t, check.Run(w.ctx, w.looker(), t.Question, t.Add))
	var out bytes.Buffer
	p := screen.New(&out, false)
	t.Show(p, check.Screen{Place: report.Place{Account: ours, Region: region}})
	must(w.t, p.Flush())
	return out.String(), t
}

func root() string { return allow(`"arn:aws:iam::` + ours + `:root"`) }

// TestReadOnce: groups that share a template's key cost what that key costs, as they are
// and as they would be together.
func TestReadOnce(t *testing.T) {
	t.Parallel()
	w := of(t)
	key := w.key("k", document(root(), procedure(role(""))))
	image := w.image("")
	var names []string
	for i := range 5 {
		names = append(names, fmt.Sprint("g", i))
		w.group(names[i], image, role(""), encrypted(key))
	}
	before := len(w.box.Calls())
	_, tally := w.shown(check.Asked{Key: key, Policy: new(document(root()))}, names...)
	calls := map[string]int{}
	for _, c := range w.box.Calls()[before:] {
		calls[c.Operation]++
	}
	// Once to understand the change, once for all groups.
	for operation, want := range map[string]int{"GetKeyPolicy": 2, "DescribeKey": 2, "ListGrants": 2, "DescribeLaunchTemplateVersions": 5, "DescribeImages": 1, "DescribeSnapshots": 1, "DescribeAutoScalingGroups": 2, "GetEbsDefaultKmsKeyId": 1} {
		if calls[operation] > want {
			t.Errorf("%d calls of %s, want at most %d", calls[operation], operation, want)
		}
	}
	if total := tally.Total(); total.Effects[whatif.Breaks] != 5 || total.Exit != report.Fixable {
		t.Errorf("%+v", total)
	}
}

// TestUnderstandRefuses what is none of this account's and Region's.
func TestUnderstandRefuses(t *testing.T) {
	t.Parallel()
	w := of(t)
	key, theirs := w.key("k", document(root())), w.theirKey()
	bare := document(root())
	for name, tc := range map[string]struct {
		asked check.Asked
		says  string
	}{
		"no such key":          {check.Asked{DefaultKey: "alias/none"}, "there is no such key"},
		"another Region's":     {check.Asked{DefaultKey: strings.Replace(key, region, "us-east-1", 1)}, "is in us-east-1, and this is about eu-west-1"},
		"no key":               {check.Asked{DefaultKey: "arn:aws:s3:::bucket"}, "is no ARN of a KMS key"},
		"no JSON":              {check.Asked{Key: key, Policy: new("x"), From: "f"}, "--policy f: parse policy: not JSON"},
		"no policy":            {check.Asked{Key: key, Policy: new("{}"), From: "f"}, "has no Statement"},
		"an answer":            {check.Asked{Key: key, Policy: new(`{"Policy":"{}"}`), From: "f"}, "add --query Policy --output text"},
		"another account's":    {check.Asked{Key: theirs, Policy: &bare}, "is of account " + "444455556666"},
		"no grant there":       {check.Asked{Key: key, Grants: []string{"g"}}, "has no such grant"},
		"no such role":         {check.Asked{Deleted: []string{"AWSServiceRoleForAutoScaling_none"}}, "has no such role"},
		"another kind of role": {check.Asked{Renewed: []string{"AWSServiceRoleForECS"}}, "is no service-linked role"},
		"a part of a name":     {check.Asked{Renewed: []string{"_b"}}, "is no service-linked role"},
		"another account's of": {check.Asked{Renewed: []string{strings.Replace(role(""), ours, "444455556666", 1)}}, "is no service-linked role of account"},
		"named twice":          {check.Asked{Deleted: []string{role("")}, Renewed: []string{"AWSServiceRoleForAutoScaling"}}, "named twice"},
	} {
		if _, err := w.understand(tc.asked); !errors.Is(err, check.ErrGiven) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestProblems: what is said of a change that can be made.
func TestProblems(t *testing.T) {
	t.Parallel()
	w := of(t)
	edit, err := keypolicy.Allow(parse(t, document(root())), role(""))
	must(t, err)
	key := w.key("k", edit.After)
	dead := w.key("dead", document(root()))
	w.disable(dead)
	for name, tc := range map[string]struct {
		asked   check.Asked
		says    []string
		refused bool
	}{
		"fine":              {check.Asked{Key: key, Policy: new(strings.TrimSuffix(edit.After, "]}") + "," + procedure(role("b")) + "]}")}, nil, false},
		"the same":          {check.Asked{Key: key, Policy: &edit.After}, []string{"has this policy already"}, false},
		"ours are dropped":  {check.Asked{Key: key, Policy: new(document(root()))}, []string{`drops Keymend's statement #1 "KeymendUse"`, `drops Keymend's statement #2 "KeymendCreateGrant"`}, false},
		"a disabled key":    {check.Asked{DefaultKey: "alias/dead"}, []string{"is in the state Disabled"}, false},
		"too long":          {check.Asked{Key: dead, Policy: new(document(root(), root()) + strings.Repeat(" ", 33000))}, []string{"Disabled", "KMS takes 32768"}, true},
		"an early role":     {check.Asked{Key: dead, Policy: new(document(root(), procedure(role("new"))))}, []string{"Disabled", "it names " + role("new") + ", which doesn't exist"}, true},
		"a role that goes":  {check.Asked{Key: dead, Policy: new(document(root(), procedure(role("b")))), Deleted: []string{role("b")}}, []string{"IAM deletes", "Disabled", "which doesn't exist"}, true},
		"a role made anew":  {check.Asked{Key: key, Policy: &edit.After, Renewed: []string{role("")}}, []string{"IAM deletes"}, false},
		"whoever puts it":   {check.Asked{Key: dead, Policy: new(document(procedure(role(""))))}, []string{"Disabled", "doesn't let them change it again"}, true},
		"the account":       {check.Asked{Key: dead, Policy: new(document(allow(`"` + admin + `"`)))}, []string{"Disabled", "only AWS Support can help"}, false},
		"a dead principal":  {check.Asked{Key: dead, Policy: new(document(root(), allow(`"AROADEADDEADDEADDEAD"`)))}, []string{"Disabled", "no longer exists"}, true},
		"AWS's own default": {check.Asked{DefaultKey: "alias/aws/ebs"}, nil, false},
	} {
		given, err := w.understand(tc.asked)
		must(t, err)
		if given.Refused() != tc.refused || len(given.Problems) != len(tc.says) {
			t.Errorf("%s: %+v", name, given.Problems)
			continue
		}
		for i, says := range tc.says {
			if !strings.Contains(given.Problems[i].Text, says) {
				t.Errorf("%s: %s", name, given.Problems[i].Text)
			}
		}
	}
}

// TestScreens: two causes, most groups first; what can't be told; what mends; and what a
// role's end does to groups that need no key.
func TestScreens(t *testing.T) {
	t.Parallel()
	w := of(t)
	open := w.key("open", document(root(), procedure(role("")), procedure(role("b"))))
	shut, theirs := w.key("shut", document(root())), w.theirKey()
	image := w.image("")
	w.group("a", image, role("b"), encrypted(open))
	w.group("b", image, role(""), encrypted(open))
	w.group("c", image, role(""), encrypted(open))
	w.group("d", image, role(""), encrypted(shut))
	w.group("e", image, role(""), encrypted(theirs))
	w.group("f", image, role(""), nil)
	all := []string{"f", "e", "d", "c", "b", "a"}
	policy := document(root(), procedure(role("")))
	for name, tc := range map[string]struct {
		asked check.Asked
		says  []string
		code  report.Code
	}{
		"two causes": {check.Asked{Key: open, Policy: new(document(root())), From: "p.json"}, []string{
			"3 of 6 groups in " + ours + " eu-west-1 couldn't launch after this; of 2, their key", "breaks    b, c\n", "breaks    a\n", "add to p.json: 2 statements", "fine      1 group\n",
			"as now    2 groups, which can't launch as it is, and couldn't: d, e\n",
		}, report.Fixable},
		"mends": {check.Asked{Key: shut, Policy: &policy}, []string{"None of 6 groups", "mends     1 group, which can't launch as it is, and could: d\n"}, report.Healed},
		"role deleted": {check.Asked{Deleted: []string{role("")}}, []string{
			"of 6 groups in " + ours + " eu-west-1 couldn't launch after this: their role", "AWSServiceRoleForAutoScaling is deleted.", "Keep the role", "fine      1 group\n",
		}, report.NotOurs},
	} {
		out, tally := w.shown(tc.asked, all...)
		for _, says := range tc.says {
			if !strings.Contains(words(out), words(says)) {
				t.Errorf("%s doesn't say %q:\n%s", name, says, out)
			}
		}
		if tally.Code() != tc.code {
			t.Errorf("%s: %d\n%s", name, tally.Code(), out)
		}
	}
}

// TestOnePolicyForTwoRoles: what two roles need on one key are the same statements, which
// name both; KMS takes the policy with them.
func TestOnePolicyForTwoRoles(t *testing.T) {
	t.Parallel()
	w := of(t)
	key := w.key("k", document(root(), procedure(role("")), procedure(role("b"))))
	image := w.image("")
	w.group("a", image, role("b"), encrypted(key))
	w.group("b", image, role(""), encrypted(key))
	_, tally := w.shown(check.Asked{Key: key, Policy: new(document(root()))}, "a", "b")
	needs := tally.Total().Needs
	if len(needs) != 1 || needs[0].Key != key || len(needs[0].Statements) != 2 {
		t.Fatalf("%+v", needs)
	}
	var all []string
	for _, s := range needs[0].Statements {
		if text := string(s); !strings.Contains(text, role("")+`"`) || !strings.Contains(text, role("b")+`"`) {
			t.Error(text)
		}
		all = append(all, string(s))
	}
	_, tally = w.shown(check.Asked{Key: key, Policy: new(document(append(all, root())...))}, "a", "b")
	if total := tally.Total(); total.Effects[whatif.Unaffected] != 2 || tally.Given.Refused() {
		t.Errorf("%+v", total)
	}
}

// words are a text on one line.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestNotThere: a group or a grant that isn't there is said so, and so is what can't
// suppose.
func TestNotThere(t *testing.T) {
	t.Parallel()
	w := of(t)
	key := w.key("k", document(root(), procedure(role(""))))
	w.group("g", w.image(""), role(""), encrypted(key))
	run := func(l remediation.Looker, c whatif.Change, groups ...string) error {
		return check.Run(w.ctx, l, check.Question{Account: ours, Region: region, Groups: groups, Change: c}, func(check.Answer) error { return nil })
	}
	if err := run(w.looker(), whatif.Change{ByDefault: new(true)}, "g", "nobody"); !errors.Is(err, check.ErrNoGroup) || !strings.Contains(err.Error(), "nobody") {
		t.Error(err)
	}
	if err := run(w.looker(), whatif.Change{Revoked: []whatif.Grant{{ID: "none"}}}, "g"); !errors.Is(err, check.ErrNoGrant) {
		t.Error(err)
	}
	if err := run(w.looker(), whatif.Change{Revoked: []whatif.Grant{{ID: w.grant(key, role(""), "Decrypt")}}}, "g"); err != nil {
		t.Error(err)
	}
	l := w.looker()
	l.AWS = plain{l.AWS}
	if err := run(l, whatif.Change{}, "g"); err == nil || !strings.Contains(err.Error(), "can't suppose") {
		t.Error(err)
	}
	stop := errors.New("enough")
	if err := check.Run(w.ctx, w.looker(), check.Question{Account: ours, Region: region, Groups: []string{"g"}}, func(check.Answer) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// plain readers have views that suppose nothing.
type plain struct{ remediation.Readers }

// View implements remediation.Readers.
func (p plain) View(ctx context.Context, account, region string) (apply.Reader, error) {
	v, err := p.Readers.View(ctx, account, region)
	return struct{ apply.Reader }{v}, err
}
