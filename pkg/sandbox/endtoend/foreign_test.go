package endtoend_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/keypolicy"
	"keymend/pkg/outcome"
	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/conformance/tool"
)

// TestForeignKey opens a key of another account for a group whose template names
// it: whichever half is missing, and no other.
func TestForeignKey(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options []option
		policy  string
		before  func(b *border, key string)
		sids    []string // of Keymend's statements afterwards
		writes  int
	}{
		"both halves":              {policy: ownerPolicy(), sids: []string{"KeymendUseBy" + account, "KeymendCreateGrantBy" + account}, writes: 2},
		"least":                    {options: []option{with("ForeignStatements", "least")}, policy: ownerPolicy(), sids: []string{"KeymendCreateGrantBy" + account}, writes: 2},
		"only the grant":           {policy: ownerPolicy(useByRoot, byRoot), writes: 1},
		"the owner's half lacking": {policy: ownerPolicy(useByRoot), sids: []string{"KeymendUseBy" + account, "KeymendCreateGrantBy" + account}, writes: 2},
		"only for AWS resources": {policy: ownerPolicy(strings.Replace(byRoot, `"Resource":"*"`, `"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}`, 1)),
			sids: []string{"KeymendUseBy" + account, "KeymendCreateGrantBy" + account}, writes: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBorder(t, true, tc.options...)
			key := b.there.key(tc.policy, consented)
			b.broken("web-prod", key)
			b.box.Advance(10 * time.Minute)
			b.wantHealed(key, tc.writes)
			doc, err := keypolicy.Parse(b.there.policy(key))
			must(t, err)
			var sids []string
			for _, s := range doc.Statements() {
				if keypolicy.Owned(s) {
					sids = append(sids, s.Sid)
				}
			}
			if !slices.Equal(sids, tc.sids) {
				t.Errorf("Keymend's statements: %v, want %v", sids, tc.sids)
			}
			r := b.last(outcome.Fixed)
			if r.KeyAccount != owner || len(r.Writes) != tc.writes || r.Writes[tc.writes-1].Account != account {
				t.Errorf("%+v", r.Writes)
			}
			for _, s := range r.Writes { // what CloudTrail of each account would show
				if !slices.ContainsFunc(b.box.Calls(), func(c sandbox.SeenCall) bool {
					return "kms:"+c.Operation == s.Action && c.Account == s.Account && strings.HasSuffix(c.Caller, "/"+r.Session)
				}) {
					t.Errorf("no call shows %+v", s)
				}
			}
			policy, changes := b.there.policy(key), b.changes()
			for range 20 {
				b.again()
			}
			b.box.Advance(time.Hour)
			if b.there.policy(key) != policy || b.changes() != changes || len(b.grants(key)) != 1 {
				t.Errorf("the same event again changed something\n%v", b.story())
			}
		})
	}
}

// TestForeignKeyUndo takes the change back by the program, with the credentials
// of each account, while a stranger's edit stays.
func TestForeignKeyUndo(t *testing.T) {
	t.Parallel()
	for _, first := range []string{account, owner} {
		t.Run(first+" first", func(t *testing.T) {
			t.Parallel()
			b := newBorder(t, true)
			key := b.there.key(ownerPolicy(), consented)
			b.broken("web-prod", key)
			b.box.Advance(10 * time.Minute)
			b.wantHealed(key, 2)
			stranger := `{"Sid":"Stranger","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + owner + `:root"},"Action":"kms:Sign","Resource":"*"}`
			b.there.putPolicy(key, strings.Replace(b.there.policy(key), `"Statement" : [`, `"Statement" : [`+stranger+",", 1))
			id, file := b.last(outcome.Fixed).RemediationID, b.auditFile()
			second := map[string]string{account: owner, owner: account}[first]
			for _, who := range []string{first, second} { // the file has what the first one left
				left := map[string]int{first: 3, second: 0}[who]
				if code, said := b.keymend(who, "undo", id, "--file", file); code != 3 || strings.Contains(said, "left      there is more") != (left > 0) {
					t.Errorf("preview by %s: %d %s", who, code, said)
				}
				if code, said := b.keymend(who, "undo", id, "--file", file, "--apply"); code != left || !strings.Contains(said, "undone: ") {
					t.Errorf("undo by %s: %d %s", who, code, said)
				}
			}
			if want := ownerPolicy(); !keypolicy.Equal(b.there.policy(key), strings.Replace(want, `"Statement":[`, `"Statement":[`+stranger+",", 1)) || len(b.grants(key)) != 0 {
				t.Errorf("%s %+v", b.there.policy(key), b.grants(key))
			}
			if code, said := b.keymend(third, "undo", id, "--file", file, "--apply"); code != 2 {
				t.Errorf("undo by a third account: %d %s", code, said)
			}
		})
	}
}

// TestForeignKeyNotOnboarded holds where nothing of the owner's account can be
// read: a trial tells whether the owner's half is there, and the repeated
// CreateGrant proves the other.
func TestForeignKeyNotOnboarded(t *testing.T) {
	t.Parallel()
	b := newBorder(t, false)
	key := b.there.key(ownerPolicy(useByRoot, byRoot), nil)
	before := b.there.policy(key)
	b.broken("web-prod", key)
	b.box.Advance(10 * time.Minute)
	b.wantHealed(key, 1)
	if r := b.last(outcome.Fixed); r.Proof == nil || r.Proof.GrantID != *b.grants(key)[0].GrantId || !strings.Contains(strings.Join(r.CouldNotSee, " "), "isn't onboarded") {
		t.Errorf("%+v", r)
	}
	b.wantOutcome("web-prod", outcome.Recovered)
	b.again()
	b.box.Advance(time.Hour)
	if b.there.policy(key) != before || len(b.grants(key)) != 1 || b.changes() != 1 {
		t.Errorf("the same event again: %d changes\n%v", b.changes(), b.story())
	}
	b.wantFinding("web-prod", key, "stands; whether anything else")
	id := b.last(outcome.Fixed).RemediationID
	if code, said := b.keymend(account, "undo", id, "--apply"); code != 0 || len(b.grants(key)) != 0 {
		t.Errorf("undo: %d %s", code, said)
	}
}

// TestForeignKeyReported holds that without the owner's consent, or without a way
// to the owner's account, nothing is written anywhere; the record has what the
// owner adds, and once that is there, verbatim, the next event finishes.
func TestForeignKeyReported(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		onboarded bool
		options   []option
		tags      map[string]string
		outcome   outcome.Outcome
	}{
		"the owner doesn't consent":      {true, nil, nil, outcome.Proposed},
		"the settings say report":        {true, []option{with("ForeignKey", "report")}, consented, outcome.NoFix},
		"not onboarded":                  {false, nil, nil, outcome.NoFix},
		"not onboarded, least":           {false, []option{with("ForeignStatements", "least")}, consented, outcome.NoFix},
		"the policy is CloudFormation's": {true, nil, map[string]string{"keymend": "remediate", "keymend-accounts": account, "aws:cloudformation:stack-name": "golden"}, outcome.NoFix},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBorder(t, tc.onboarded, tc.options...)
			key := b.there.key(ownerPolicy(), tc.tags)
			b.broken("web-prod", key)
			b.box.Advance(10 * time.Minute)
			b.wantUntouched()
			r := b.last(tc.outcome)
			if r.Plan == nil || r.Plan.ForOwner == nil || len(r.Plan.ForOwner.Statements) == 0 || !strings.Contains(r.Plan.ForOwner.Command, "aws kms create-grant") || !strings.Contains(r.Reason, "KeymendCreateGrantBy"+account) {
				t.Fatalf("%+v", r)
			}
			b.there.putPolicy(key, ownerPolicy(r.Plan.ForOwner.Statements...))
			b.again()
			b.box.Advance(10 * time.Minute)
			b.wantHealed(key, 1)
		})
	}
}

// TestForeignKeyRefused holds that what must not be written isn't, in either
// account, and that the finding names the reason and the next step.
func TestForeignKeyRefused(t *testing.T) {
	t.Parallel()
	deny := func(condition string) string {
		return ownerPolicy(`{"Sid":"NoGrants","Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:CreateGrant","Resource":"*"` + condition + `}`)
	}
	for name, tc := range map[string]struct {
		options []option
		policy  string
		tags    map[string]string
		says    string
	}{
		"another account is consented": {nil, ownerPolicy(), map[string]string{"keymend": "remediate", "keymend-accounts": third}, "TagValue=" + third + " " + account},
		"… though the policy is open":  {nil, ownerPolicy(byRoot), map[string]string{"keymend": "remediate", "keymend-accounts": third}, "for other accounts than this one"},
		"the account isn't listed":     {[]option{with("Accounts", third)}, ownerPolicy(byRoot), consented, "adds " + owner + " to the setting accounts"},
		"no account is listed":         {[]option{with("Accounts", "")}, ownerPolicy(byRoot), consented, "adds " + owner + " to the setting accounts"},
		"the owner says no":            {nil, ownerPolicy(byRoot), map[string]string{"keymend": "ignore", "keymend-accounts": account}, "forbids even proposals"},
		"shared for something else":    {nil, ownerPolicy(useByRoot, byRoot), nil, "hasn't enrolled it"},
		"only for everyone":            {nil, ownerPolicy(strings.Replace(byRoot, `{"AWS":["arn:aws:iam::`+account+`:root"]}`, `"*"`, 1)), nil, "hasn't enrolled it"},
		"an explicit deny":             {nil, deny(""), consented, "NoGrants"},
		"denied unless for AWS":        {nil, deny(`,"Condition":{"Bool":{"kms:GrantIsForAWSResource":"false"}}`), consented, "kms:GrantIsForAWSResource"},
		"copy, without a key for it":   {[]option{with("ForeignKey", "copy")}, ownerPolicy(), consented, "KEYMEND_COPY_KEY is unset"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBorder(t, true, tc.options...)
			key := b.there.key(tc.policy, tc.tags)
			before := b.there.policy(key)
			b.broken("web-prod", key)
			b.box.Advance(10 * time.Minute)
			b.wantUntouched()
			if b.there.policy(key) != before || len(b.grants(key)) != 0 {
				t.Error("something changed")
			}
			if !strings.Contains(b.story(), tc.says) {
				t.Errorf("nothing says %q\n%v", tc.says, b.story())
			}
		})
	}
}

// TestForeignKeyOfARecreatedRole holds that a grant to an earlier role of the
// same name, which KMS shows by its id, doesn't count, and is left alone.
func TestForeignKeyOfARecreatedRole(t *testing.T) {
	t.Parallel()
	for _, onboarded := range []bool{true, false} {
		b := newBorder(t, onboarded)
		key := b.there.key(ownerPolicy(byRoot), consented)
		b.broken("web-prod", key)
		b.box.Advance(10 * time.Minute)
		b.wantHealed(key, 1)
		dead := *b.grants(key)[0].GrantId
		b.recreateRole()
		if len(b.grants(key)) != 0 {
			t.Fatal("the grant isn't dead")
		}
		b.again()
		b.box.Advance(time.Minute)
		all, err := b.there.kms.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &key})
		must(t, err)
		if living := b.grants(key); len(living) != 1 || *living[0].GrantId == dead ||
			!slices.ContainsFunc(all.Grants, func(g kmstypes.GrantListEntry) bool { return *g.GrantId == dead }) {
			t.Errorf("onboarded %t: %+v\n%v", onboarded, all.Grants, b.story())
		}
	}
}

// TestForeignGrantThatLacksOperations holds that somebody's grant which isn't
// enough stays, beside one of Keymend's with all eight operations.
func TestForeignGrantThatLacksOperations(t *testing.T) {
	t.Parallel()
	b := newBorder(t, true)
	b.makeRole()
	key := b.there.key(ownerPolicy(byRoot), consented)
	theirs, err := b.kms.CreateGrant(t.Context(), &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: aws.String(role),
		Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt, kmstypes.GrantOperationDescribeKey}})
	must(t, err)
	b.broken("web-prod", key)
	b.box.Advance(10 * time.Minute)
	grants := b.grants(key)
	if n := b.inService("web-prod"); n != 2 || len(grants) != 2 || !slices.ContainsFunc(grants, func(g kmstypes.GrantListEntry) bool { return *g.GrantId == *theirs.GrantId }) {
		t.Errorf("%d in service, %+v\n%v", n, grants, b.story())
	}
}

// TestForeignKeyAtTheTerminal holds what a person with credentials of the group's
// account alone sees: both halves, by a trial of the grant, and what the owner
// has to do. Their word isn't the owner's.
func TestForeignKeyAtTheTerminal(t *testing.T) {
	t.Parallel()
	b := newBorder(t, false, with("Mode", "observe"))
	key := b.there.key(ownerPolicy(), nil)
	b.broken("web-prod", key)
	b.box.Advance(5 * time.Minute)
	code, said := b.keymend(account, "diagnose", "web-prod", "--apply")
	for _, want := range []string{"account " + owner + ", the key's owner, adds statements to the key policy, which doesn't let account " + account + " create the grant yet", "keymend export web-prod", "aws kms create-grant", "Nothing changed"} {
		if !strings.Contains(flat(said), want) {
			t.Errorf("it doesn't say %q: %s", want, said)
		}
	}
	if code != 4 || len(b.grants(key)) != 0 {
		t.Errorf("%d %s", code, said)
	}
	b.there.putPolicy(key, ownerPolicy(useByRoot, byRoot))
	if code, said = b.keymend(account, "diagnose", "web-prod"); code != 3 || !strings.Contains(flat(said), "lets account "+account+" create the grant") || len(b.grants(key)) != 0 {
		t.Errorf("%d %s", code, said)
	}
	if code, said = b.keymend(account, "diagnose", "web-prod", "--apply"); code != 0 || len(b.grants(key)) != 1 {
		t.Errorf("%d %s", code, said)
	}
	b.box.Advance(10 * time.Minute)
	if n := b.inService("web-prod"); n != 2 {
		t.Errorf("%d in service", n)
	}
}

// TestJudgedForeignKeyByHand does what AWS's page says, with boto3, and compares: the
// end state is Keymend's, but for the conditions that Keymend adds to CreateGrant.
func TestJudgedForeignKeyByHand(t *testing.T) {
	t.Parallel()
	python := tool.Boto3().Need(t)
	hand, robot := newBorder(t, true, with("Mode", "observe")), newBorder(t, true)
	byHand := hand.there.key(ownerPolicy(), nil)
	hand.broken("web-prod", byHand)
	hand.box.Advance(5 * time.Minute)
	if n := hand.inService("web-prod"); n != 0 {
		t.Fatalf("%d in service before the procedure", n)
	}
	hand.procedure(python, byHand, owner)
	hand.box.Advance(10 * time.Minute)
	byRobot := robot.there.key(ownerPolicy(), consented)
	robot.broken("web-prod", byRobot)
	robot.box.Advance(15 * time.Minute)
	robot.wantHealed(byRobot, 2)
	if n := hand.inService("web-prod"); n != 2 {
		t.Fatalf("%d in service by hand", n)
	}
	hand.wantLike(byHand, robot, byRobot)
	hand.again()
	hand.box.Advance(time.Minute)
	hand.wantOutcome("web-prod", outcome.NothingToDo)
}

// wantLike holds what was done by hand to what Keymend did in another world.
func (b *border) wantLike(byHand string, robot *border, byRobot string) {
	b.t.Helper()
	a, z := b.grants(byHand)[0], robot.grants(byRobot)[0]
	slices.Sort(a.Operations)
	slices.Sort(z.Operations)
	if !slices.Equal(a.Operations, z.Operations) || *a.GranteePrincipal != *z.GranteePrincipal || *a.IssuingAccount != *z.IssuingAccount {
		b.t.Errorf("%+v\n%+v", a, z)
	}
	renamed := strings.NewReplacer("KeymendUseBy"+account, "Allow external account use of the customer managed key",
		"KeymendCreateGrantBy"+account, "Allow attachment of persistent resources in external account").Replace(robot.there.policy(byRobot))
	doc, err := keypolicy.Parse(renamed)
	must(b.t, err)
	handDoc, err := keypolicy.Parse(b.there.policy(byHand))
	must(b.t, err)
	if len(doc.Statements()) != len(handDoc.Statements()) {
		b.t.Fatalf("%s\n%s", doc, handDoc)
	}
	for i, s := range doc.Statements() {
		h := handDoc.Statements()[i]
		if s.Sid != h.Sid || !slices.Equal(s.Action, h.Action) || !slices.Equal(s.Principal.AWS, h.Principal.AWS) || (len(s.Condition) > 0) != (i == 2) {
			b.t.Errorf("%+v\n%+v", s, h)
		}
	}
}

// TestForeignImage heals a group that launches from another account's image: its
// snapshot's key is opened by the two halves, the group's default key by
// statements. Where the image is shared without its snapshot, the owner's account
// tells which key it is.
func TestForeignImage(t *testing.T) {
	t.Parallel()
	for name, withSnapshot := range map[string]bool{"shared with its snapshot": true, "shared without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBorder(t, true)
			key := b.there.key(ownerPolicy(), consented)
			b.defaultKey(b.key(rootOnly, enrolled))
			b.launches(b.sharedImage(b.there.snapshot(key), withSnapshot))
			b.box.Advance(20 * time.Minute)
			b.wantHealed(key, 3)
		})
	}
}

// TestForeignImageConsent holds that having shared an image under the key is no
// consent to edit the key's policy: the tag names the account, or nothing does.
func TestForeignImageConsent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tags   map[string]string
		healed int
	}{
		"enrolled for this account":    {consented, 2},
		"enrolled for nobody":          {map[string]string{"keymend": "remediate"}, 0},
		"enrolled for another account": {map[string]string{"keymend": "remediate", "keymend-accounts": third}, 0},
		"not enrolled":                 {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBorder(t, true)
			key := b.there.key(ownerPolicy(), tc.tags)
			b.defaultKey(b.openKey())
			b.launches(b.sharedImage(b.there.snapshot(key), false))
			b.box.Advance(20 * time.Minute)
			if n := b.inService("web-prod"); n != tc.healed || tc.healed == 0 && b.changes() > 0 {
				t.Errorf("%d in service, %d changes\n%v", n, b.changes(), b.story())
			}
		})
	}
}
