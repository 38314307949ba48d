package grant_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/apply/grant"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/change"
	kind "keymend/pkg/kind/grant"
)

const create = "kms:CreateGrant"

func across() kind.Create {
	return kind.Create{Key: applytest.TheirKey, Principal: applytest.Role, Name: "keymend-1", Operations: []string{"Decrypt"}, Retiring: "r"}
}

// world answers each of an action with the next of the errors.
func world(action string, errs ...error) *applytest.World {
	w := applytest.New()
	w.Answer = applytest.Errors(action, errs...)
	return w
}

func inputs(w *applytest.World) []*kms.CreateGrantInput {
	var out []*kms.CreateGrantInput
	for _, c := range w.Made(create) {
		out = append(out, c.Input.(*kms.CreateGrantInput))
	}
	return out
}

func unknown() error {
	return &types.InvalidArnException{Message: new("ARN does not refer to a valid principal: p")}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	step := kind.Create{Key: "k", Principal: "p", Name: "keymend-1", Operations: []string{"Decrypt", "CreateGrant"}, Retiring: "r"}
	w := world(create, unknown())
	e := w.Env()
	done, err := grant.Create{}.Do(t.Context(), e, step)
	undo := step.Undo(e.By, done)
	if err != nil || len(inputs(w)) != 2 || done.ID != *w.Grants[0].GrantId || len(undo) != 1 || undo[0].(kind.Revoke).GrantID != done.ID || undo[0].At().Key != "k" {
		t.Fatalf("%+v, %+v, %v", done, undo, err)
	}
	if in := inputs(w)[0]; *in.Name != "keymend-1" || *in.GranteePrincipal != "p" || *in.RetiringPrincipal != "r" || len(in.Operations) != 2 {
		t.Errorf("%+v", in)
	}
	if _, err := (grant.Create{}).Do(t.Context(), world(create, &types.DisabledException{}).Env(), step); !errors.Is(err, refusal.Err) {
		t.Errorf("err = %v", err)
	}
}

// A refusal by a policy of a moment ago is waited for, a little; everything else
// isn't. Where no step came before, there is no such policy.
func TestCreateSoon(t *testing.T) {
	t.Parallel()
	no := applytest.Denied(create)
	for name, tc := range map[string]struct {
		errs   []error
		before []change.Result
		calls  int
		fails  bool
	}{
		"at the third":       {[]error{no, no}, []change.Result{{}}, 3, false},
		"never":              {[]error{no, no, no, no, no, no, no, no}, []change.Result{{}}, 6, true},
		"another error":      {[]error{&types.DisabledException{}}, []change.Result{{}}, 1, true},
		"no step before":     {[]error{no, no}, nil, 1, true},
		"first one, then …":  {[]error{no, unknown(), no}, []change.Result{{}}, 4, false},
		"a role too new":     {[]error{unknown(), unknown()}, nil, 3, false},
		"a role never known": {[]error{unknown(), unknown(), unknown(), unknown()}, nil, 4, true},
	} {
		w := world(create, tc.errs...)
		e := w.Env()
		e.Before = tc.before
		done, err := grant.Create{}.Do(t.Context(), e, across())
		if len(inputs(w)) != tc.calls || (err != nil) != tc.fails || (w.Slept > 0) != (tc.calls > 1) {
			t.Errorf("%s: %d calls, %v", name, len(inputs(w)), err)
		}
		if tc.fails {
			continue
		}
		undo := across().Undo(e.By, done)
		if retire, ok := undo[0].(kind.Retire); !ok || retire.GrantID != *w.Grants[0].GrantId || retire.At().Account != applytest.Account {
			t.Errorf("%s: %+v", name, undo)
		}
	}
}

// TestBeforeTheMessage: a grant that was made before the message was sent isn't this
// remediation's. Of one that was made since it may be.
func TestBeforeTheMessage(t *testing.T) {
	t.Parallel()
	for made, want := range map[time.Duration]bool{-time.Hour: false, time.Second: true} {
		w := applytest.New()
		e := w.Env()
		w.Now = e.By.Sent.Add(made)
		id := w.AddGrant(&kms.CreateGrantInput{KeyId: new(across().Key), GranteePrincipal: new(across().Principal), Name: new(across().Name)})
		found, standing, err := grant.Create{}.Stands(t.Context(), e, across())
		if err != nil || standing != apply.There || found.Changed != want || found.ID != id {
			t.Errorf("%v: %+v, %d, %v", made, found, standing, err)
		}
	}
}

// TestOthersGrantsStay: a record may come from anywhere, and name anyone's grant.
func TestOthersGrantsStay(t *testing.T) {
	t.Parallel()
	w := applytest.New()
	of := across()
	id := w.AddGrant(&kms.CreateGrantInput{KeyId: &of.Key, GranteePrincipal: &of.Principal, Name: new("a person's")})
	for _, table := range []apply.Kind{apply.Of("RetireGrant", grant.Retire{}), apply.Of("RevokeGrant", grant.Revoke{})} {
		var step change.Step = kind.Retire{GrantID: id, Grant: of}
		if table.Name == "RevokeGrant" {
			step = kind.Revoke{GrantID: id, Grant: of}
		}
		_, standing, lookErr := apply.Table{table}.Stands(t.Context(), w.Env(), step)
		_, err := apply.Table{table}.Do(t.Context(), w.Env(), step)
		if lookErr == nil || standing != apply.Unknown || err == nil || len(w.Grants) != 1 {
			t.Errorf("%s: %d, %v; %v, %d grants", table.Name, standing, lookErr, err, len(w.Grants))
		}
	}
}

// listed is a world with four grants; one is on another key.
func listed() *applytest.World {
	w := applytest.New()
	for _, g := range []struct{ id, name, key string }{
		{"other", "keymend-1", applytest.TheirKey + "0"}, {"g1", "keymend-0", applytest.TheirKey}, {"g7", "keymend-1", applytest.TheirKey}, {"g8", "keymend-2", applytest.TheirKey},
	} {
		w.Grants = append(w.Grants, types.GrantListEntry{GrantId: &g.id, Name: &g.name, KeyId: &g.key, GranteePrincipal: new(applytest.Role)})
	}
	return w
}

func retire(id, name string) kind.Retire {
	s := kind.Retire{GrantID: id, Grant: across()}
	s.Grant.Name = name
	return s
}

func TestRetire(t *testing.T) {
	t.Parallel()
	const end = "kms:RetireGrant"
	for name, tc := range map[string]struct {
		step    kind.Retire
		errs    []error
		retired string
		changed bool
		fails   bool
	}{
		"by its id":     {retire("g1", "keymend-1"), nil, "g1", true, false},
		"by its name":   {retire("", "keymend-1"), nil, "g7", true, false},
		"no such name":  {retire("", "keymend-9"), nil, "", false, false},
		"made again":    {retire("g2", "keymend-1"), nil, "g7", true, false},
		"gone":          {retire("g2", "keymend-9"), nil, "", false, false},
		"gone just now": {retire("g1", ""), []error{&types.NotFoundException{}}, "g1", false, false},
		"no grant's id": {retire("g1", ""), []error{&types.InvalidGrantIdException{}}, "g1", false, false},
		"not permitted": {retire("g1", ""), []error{applytest.Denied(end)}, "g1", false, true},
	} {
		w := listed()
		w.Answer = applytest.Errors(end, tc.errs...)
		done, err := grant.Retire{}.Do(t.Context(), w.Env(), tc.step)
		got := ""
		for _, c := range w.Made(end) {
			got += *c.Input.(*kms.RetireGrantInput).GrantId
		}
		if got != tc.retired || done.Changed != tc.changed || (err != nil) != tc.fails {
			t.Errorf("%s: %s, %+v, %v", name, got, done, err)
		}
	}
	for id, want := range map[string]apply.Standing{"g8": apply.Absent, "gone": apply.There} {
		found, standing, err := grant.Retire{}.Stands(t.Context(), listed().Env(), retire(id, "keymend-9"))
		if err != nil || standing != want || found.ID != id {
			t.Errorf("%s: %+v, %d, %v", id, found, standing, err)
		}
	}
}

func TestRevokeOfWhatIsGone(t *testing.T) {
	t.Parallel()
	step := kind.Revoke{GrantID: "g1", Grant: kind.Create{Key: applytest.TheirKey, Principal: applytest.Role}}
	for _, gone := range []error{&types.NotFoundException{}, &types.InvalidGrantIdException{}} {
		w := listed()
		w.Answer = applytest.Errors("kms:RevokeGrant", gone)
		if done, err := (grant.Revoke{}).Do(t.Context(), w.Env(), step); err != nil || done.Changed {
			t.Errorf("%T: %+v, %v", gone, done, err)
		}
	}
	w := listed()
	w.Answer = applytest.Errors("kms:RevokeGrant", &types.KMSInternalException{})
	if _, err := (grant.Revoke{}).Do(t.Context(), w.Env(), step); err == nil {
		t.Error("a fault of AWS was taken for success")
	}
	w.Policies, w.Grants = nil, nil // KMS deletes a key with its grants
	if done, err := (grant.Revoke{}).Do(t.Context(), w.Env(), step); err != nil || done.Changed {
		t.Errorf("the key is gone: %+v, %v", done, err)
	}
}

// TestUnlisted: where the grants on a key can't be listed, only KMS knows. One that
// is known by its name only can't be found then.
func TestUnlisted(t *testing.T) {
	t.Parallel()
	no := applytest.Denied("kms:ListGrants")
	unlisted := func() apply.Env {
		w := listed()
		w.Answer = applytest.Errors("kms:ListGrants", no, no)
		return w.Env()
	}
	if done, err := (grant.Retire{}).Do(t.Context(), unlisted(), retire("g1", "")); err != nil || !done.Changed {
		t.Errorf("by its id: %+v, %v", done, err)
	}
	if _, err := (grant.Retire{}).Do(t.Context(), unlisted(), retire("", "keymend-1")); err == nil || !strings.Contains(err.Error(), "kms:ListGrants was refused") {
		t.Errorf("by its name: %v", err)
	}
	if p, err := (grant.Retire{}).Preview(t.Context(), unlisted(), retire("g1", "")); err != nil || !slices.Equal(p.Says, []string{"g1 would be revoked"}) {
		t.Errorf("preview by its id: %+v, %v", p, err)
	}
	if p, err := (grant.Retire{}).Preview(t.Context(), unlisted(), retire("", "keymend-1")); err == nil {
		t.Errorf("preview by its name: %+v", p)
	}
}
