package apply_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/apply"
	"keymend/pkg/plan"
)

const (
	farKey    = "arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d"
	groupRole = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

func across() plan.CreateGrant {
	return plan.CreateGrant{Key: farKey, Principal: groupRole, Name: "keymend-1", Operations: []string{"Decrypt"}, Retiring: "r"}
}

func denied(action string) error {
	return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User: x is not authorized to perform: " + action + " on resource: y"}
}

// A trial never makes a grant; what KMS says decides, and what isn't about the
// grant is an error.
func TestTryGrant(t *testing.T) {
	t.Parallel()
	unknown := &types.InvalidArnException{Message: new("ARN does not refer to a valid principal: p")}
	for name, tc := range map[string]struct {
		errs  []error
		want  plan.TrialAnswer
		fails bool
	}{
		"it would work":           {[]error{&types.DryRunOperationException{}}, plan.TrialWorks, false},
		"… by the older code":     {[]error{&smithy.GenericAPIError{Code: "DryRunOperation"}}, plan.TrialWorks, false},
		"a role too new":          {[]error{unknown, &types.DryRunOperationException{}}, plan.TrialWorks, false},
		"not permitted":           {[]error{denied("kms:CreateGrant")}, plan.TrialRefused, false},
		"disabled":                {[]error{&types.DisabledException{}}, plan.TrialRefused, false},
		"no session":              {[]error{denied("sts:AssumeRole")}, plan.TrialNone, true},
		"throttled":               {[]error{&smithy.GenericAPIError{Code: "ThrottlingException"}}, plan.TrialNone, true},
		"DryRun was disregarded":  {nil, plan.TrialNone, true},
		"a role that never comes": {[]error{unknown, unknown, unknown, unknown}, plan.TrialNone, true}, // who knows its age decides
	} {
		k := &key{errs: tc.errs}
		got, err := apply.TryGrant(t.Context(), k, k.sleep, across())
		if got.Answer != tc.want || (err != nil) != tc.fails {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		for _, in := range k.grants {
			if in.DryRun == nil || !*in.DryRun {
				t.Errorf("%s: a grant was asked for: %+v", name, in)
			}
		}
	}
}

// A refusal by a policy of a moment ago is waited for, a little; everything else
// isn't.
func TestCreateGrantSoon(t *testing.T) {
	t.Parallel()
	no := denied("kms:CreateGrant")
	for name, tc := range map[string]struct {
		errs  []error
		calls int
		fails bool
	}{
		"at the third":  {[]error{no, no}, 3, false},
		"never":         {[]error{no, no, no, no, no, no, no, no}, 6, true},
		"another error": {[]error{&types.DisabledException{}}, 1, true},
	} {
		k := &key{errs: tc.errs}
		done, err := apply.CreateGrantSoon(t.Context(), k, k.sleep, across())
		if len(k.grants) != tc.calls || (err != nil) != tc.fails || (k.slept > 0) != (tc.calls > 1) {
			t.Errorf("%s: %d calls, %v", name, len(k.grants), err)
		}
		if err == nil && (done.Undo.RetireGrant == nil || done.Undo.RetireGrant.GrantID != "g1" || done.Undo.Account() != "111122223333") {
			t.Errorf("%s: %+v", name, done.Undo)
		}
	}
}

func TestUndosSurviveJSON(t *testing.T) {
	t.Parallel()
	retire, known := apply.UndoOf(across())
	remove, _ := apply.UndoOf(plan.EditKeyPolicy{Key: farKey, Principal: "p", Sids: []string{"s"}})
	if _, early := apply.UndoOf(plan.CreateGrant{Key: "arn:aws:kms:eu-west-1:111122223333:key/1", Principal: groupRole}); !known || early {
		t.Error("the undo of a grant is known beforehand only where it has a retiring principal")
	}
	for text, want := range map[string]apply.Undos{
		`{"removeStatements":{"key":"` + farKey + `","principal":"p","sids":["s"]}}`: {remove},
		`[{"retireGrant":{"key":"` + farKey + `","name":"keymend-1","retiring":"r","issuer":"111122223333"}},` +
			`{"removeStatements":{"key":"` + farKey + `","principal":"p","sids":["s"]}}]`: {retire, remove},
		`[]`: {},
	} {
		written, err := json.Marshal(want)
		if err != nil || string(written) != text {
			t.Errorf("%s, %v", written, err)
		}
		var got apply.Undos
		if err := json.Unmarshal([]byte(text), &got); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%s: %v %s", text, err, cmp.Diff(want, got))
		}
	}
	for _, two := range []apply.Undo{{}, {RemoveStatements: remove.RemoveStatements, RetireGrant: retire.RetireGrant}} {
		if key, what := two.Key(); key != "" || what != "" {
			t.Errorf("%q %q", key, what)
		}
	}
}

func TestRetireGrant(t *testing.T) {
	t.Parallel()
	entry := func(id, name, key string) types.GrantListEntry {
		return types.GrantListEntry{GrantId: &id, Name: &name, KeyId: &key}
	}
	listed := []types.GrantListEntry{entry("other", "keymend-1", farKey+"0"), entry("g7", "keymend-1", "1a2b3c4d"), entry("g8", "keymend-2", farKey)}
	for name, tc := range map[string]struct {
		undo    apply.RetireGrant
		errs    []error
		retired string
		changed bool
		fails   bool
	}{
		"by its id":     {apply.RetireGrant{Key: farKey, GrantID: "g1", Name: "keymend-1", Retiring: "r"}, nil, "g1", true, false},
		"by its name":   {apply.RetireGrant{Key: farKey, Name: "keymend-1", Retiring: "r"}, nil, "g7", true, false},
		"no such name":  {apply.RetireGrant{Key: farKey, Name: "keymend-9", Retiring: "r"}, nil, "", false, false},
		"gone":          {apply.RetireGrant{Key: farKey, GrantID: "g1"}, []error{&types.NotFoundException{}}, "g1", false, false},
		"not permitted": {apply.RetireGrant{Key: farKey, GrantID: "g1"}, []error{denied("kms:RetireGrant")}, "g1", false, true},
	} {
		k := &key{errs: tc.errs, retirable: listed}
		done, err := tc.undo.Run(t.Context(), k, k)
		got := ""
		if len(k.retired) > 0 {
			got = k.retired[0]
		}
		if got != tc.retired || done.Changed != tc.changed || (err != nil) != tc.fails {
			t.Errorf("%s: %s, %+v, %v", name, got, done, err)
		}
	}
	if id, err := (apply.RetireGrant{Key: farKey, GrantID: "g8", Retiring: "r"}).Find(t.Context(), &key{retirable: listed}); err != nil || id != "g8" {
		t.Errorf("%s, %v", id, err)
	}
	if id, err := (apply.RetireGrant{Key: farKey, GrantID: "gone", Retiring: "r"}).Find(t.Context(), &key{retirable: listed}); err != nil || id != "" {
		t.Errorf("%s, %v", id, err)
	}
}
