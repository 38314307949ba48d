package access_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
)

const (
	wallsAction = "kms:CreateGrant"
	wallsKey    = "arn:aws:kms:eu-west-1:111122223333:key/1"
)

func one(t interface {
	Helper()
	Fatal(...any)
}, statements string) []*keypolicy.Document {
	t.Helper()
	return []*keypolicy.Document{mustPolicy(t, `{"Version":"2012-10-17","Statement":[`+statements+`]}`)}
}

// What each wall refuses, and which is named where several do.
func TestWalls(t *testing.T) {
	t.Parallel()
	all := one(t, `{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}`)
	other := one(t, `{"Sid":"Other","Effect":"Allow","Action":"ec2:*","Resource":"*"}`)
	deny := append(one(t, `{"Sid":"No","Effect":"Deny","Action":"kms:*","Resource":"*"}`), all...)
	onTag := append(one(t, `{"Sid":"Tagged","Effect":"Deny","Action":"kms:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalTag/dp:exclude:identity":"true"}}}`), all...)
	levels := func(l ...[]*keypolicy.Document) [][]*keypolicy.Document { return l }
	allowed := access.Judgement{Decision: access.Allowed, By: `#0 "All"`}
	no := func(by string, wall access.Reason) access.Judgement {
		return access.Judgement{Decision: access.Denied, Explicit: by != "", By: by, Wall: wall}
	}
	for name, tc := range map[string]struct {
		identity []*keypolicy.Document
		walls    access.Walls
		want     access.Judgement
	}{
		"none":                       {all, access.Walls{}, allowed},
		"all open":                   {all, access.Walls{SessionPolicies: all, Boundary: all, ServiceControl: levels(all, all), ResourceControl: all}, allowed},
		"the identity lacks it":      {other, access.Walls{Boundary: all}, no("", "")},
		"the identity denies it":     {deny, access.Walls{Boundary: deny, ServiceControl: levels(deny)}, no(`#0 "No"`, "")},
		"the session lacks it":       {all, access.Walls{SessionPolicies: other}, no("", access.SessionTooNarrow)},
		"the session denies it":      {all, access.Walls{SessionPolicies: deny}, no(`#0 "No"`, access.DeniedBySession)},
		"the boundary lacks it":      {all, access.Walls{Boundary: other}, no("", access.BoundaryTooNarrow)},
		"an empty boundary":          {all, access.Walls{Boundary: []*keypolicy.Document{}}, no("", access.BoundaryTooNarrow)},
		"the boundary denies it":     {all, access.Walls{Boundary: deny}, no(`#0 "No"`, access.DeniedByBoundary)},
		"one level lacks it":         {all, access.Walls{ServiceControl: levels(all, other, all)}, no("", access.ServiceControlTooNarrow)},
		"one level denies it":        {all, access.Walls{ServiceControl: levels(all, deny, other)}, no(`#0 "No"`, access.DeniedByServiceControl)},
		"an organization lacks more": {other, access.Walls{ServiceControl: levels(other)}, no("", access.ServiceControlTooNarrow)},
		"a boundary lacks no more":   {other, access.Walls{Boundary: other, SessionPolicies: other}, no("", "")},
		"a Deny is named first":      {other, access.Walls{Boundary: other, ServiceControl: levels(deny)}, no(`#0 "No"`, access.DeniedByServiceControl)},
		"the resource's denies it":   {all, access.Walls{ResourceControl: deny}, no(`#0 "No"`, access.DeniedByResourceControl)},
		"the resource's lacks it":    {all, access.Walls{ResourceControl: other}, allowed},
		"a condition isn't known": {all, access.Walls{Boundary: all, ServiceControl: levels(all, onTag)},
			access.Judgement{Decision: access.Unknown, By: `#0 "All"`, UnknownKeys: []string{"aws:PrincipalTag/dp:exclude:identity"}}},
		"and doesn't matter": {all, access.Walls{Boundary: other, ServiceControl: levels(onTag)}, no("", access.BoundaryTooNarrow)},
		"of the resource's": {all, access.Walls{ResourceControl: onTag},
			access.Judgement{Decision: access.Unknown, By: `#0 "All"`, UnknownKeys: []string{"aws:PrincipalTag/dp:exclude:identity"}}},
	} {
		got := tc.walls.Narrow(access.Identity(tc.identity, wallsAction, wallsKey, access.Context{}), wallsAction, wallsKey, access.Context{})
		if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreUnexported(access.Judgement{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	retire := access.Walls{ResourceControl: deny}.Narrow(access.Identity(all, "kms:RetireGrant", wallsKey, access.Context{}), "kms:RetireGrant", wallsKey, access.Context{})
	if retire.Decision != access.Allowed {
		t.Errorf("a resource control policy keeps a grant from being retired: %+v", retire)
	}
}

// Whom the walls bind on a key, and what is said of them.
func TestWallsOfAKey(t *testing.T) {
	t.Parallel()
	p := placeholders()
	deny := one(t, `{"Sid":"No","Effect":"Deny","Action":"kms:*","Resource":"*"}`)
	other := one(t, `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`)
	named := mustPolicy(t, p.Replace(`{"Statement":{"Effect":"Allow","Principal":{"AWS":["@ROLE@","@SLR@"]},"Action":"kms:*","Resource":"*"}}`))
	inSession := mustPolicy(t, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/writer/s"},"Action":"kms:*","Resource":"*"}}`)
	role := access.Principal{ARN: p.Replace("@ROLE@"), SessionARN: "arn:aws:sts::111122223333:assumed-role/writer/s"}
	for name, tc := range map[string]struct {
		who     access.Principal
		policy  *keypolicy.Document
		manager string
		walls   access.Walls
		want    access.Decision
		reason  access.Reason
	}{
		"a boundary that lacks it":               {role, named, "", access.Walls{Boundary: other}, access.Denied, access.BoundaryTooNarrow},
		"a boundary doesn't narrow a session":    {role, inSession, "", access.Walls{Boundary: other}, access.Allowed, access.AllowedByStatement},
		"but what it denies":                     {role, inSession, "", access.Walls{Boundary: deny}, access.Denied, access.DeniedByBoundary},
		"a level that lacks it":                  {role, inSession, "", access.Walls{ServiceControl: [][]*keypolicy.Document{other}}, access.Denied, access.ServiceControlTooNarrow},
		"a level that denies it":                 {role, named, "", access.Walls{ServiceControl: [][]*keypolicy.Document{deny}}, access.Denied, access.DeniedByServiceControl},
		"the key's organization":                 {role, named, "", access.Walls{ResourceControl: deny}, access.Denied, access.DeniedByResourceControl},
		"which doesn't bind AWS's keys":          {role, named, "AWS", access.Walls{ResourceControl: deny}, access.Allowed, access.ManagedByAWS},
		"a service-linked role is bound by none": {access.Principal{ARN: p.Replace("@SLR@")}, named, "", access.Walls{Boundary: deny, ServiceControl: [][]*keypolicy.Document{deny}, ResourceControl: deny}, access.Allowed, access.AllowedByStatement},
	} {
		r := access.Evaluate(access.Facts{Key: access.Key{ARN: p.Replace("@KEY@"), State: "Enabled", Manager: tc.manager}, Policy: tc.policy},
			access.Request{Principal: tc.who, Operations: []string{"Decrypt"}, IdentityPolicies: []*keypolicy.Document{}, Walls: tc.walls})[0]
		if r.Decision != tc.want || r.Reason != tc.reason {
			t.Errorf("%s: %s %s", name, r.Decision, r.Reason)
		}
	}
}

func randomDocuments(t *rapid.T, name string) []*keypolicy.Document {
	out := []*keypolicy.Document{}
	for range rapid.IntRange(0, 2).Draw(t, name) {
		out = append(out, randomPolicy(t))
	}
	return out
}

func randomWalls(t *rapid.T) access.Walls {
	w := access.Walls{}
	if rapid.Bool().Draw(t, "bounded") {
		w.Boundary = randomDocuments(t, "boundary")
	}
	if rapid.Bool().Draw(t, "narrowed") {
		w.SessionPolicies = randomDocuments(t, "session policies")
	}
	for range rapid.IntRange(0, 3).Draw(t, "levels") {
		w.ServiceControl = append(w.ServiceControl, randomDocuments(t, "level"))
	}
	if rapid.Bool().Draw(t, "resource control") {
		w.ResourceControl = randomDocuments(t, "resource control policies")
	}
	return w
}

// Where everything is known, what stands within walls is exactly what each of them
// allows and none denies.
func TestWallsLeaveTheIntersection(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, identity, ctx := randomWalls(t), randomDocuments(t, "identity"), access.Context{Values: randomRequest(t).Context.Values, Complete: true}
		judge := func(p []*keypolicy.Document) access.Judgement { return access.Identity(p, wallsAction, wallsKey, ctx) }
		want := judge(identity)
		known, allowed := want.Decision != access.Unknown, want.Decision == access.Allowed
		for _, layer := range append(w.ServiceControl, w.Boundary, w.SessionPolicies) {
			if layer != nil {
				j := judge(layer)
				known, allowed = known && j.Decision != access.Unknown, allowed && j.Decision == access.Allowed
			}
		}
		open := judge(append(one(t, `{"Effect":"Allow","Action":"*","Resource":"*"}`), w.ResourceControl...)) // AWS's, that can't be taken away
		known, allowed = known && open.Decision != access.Unknown, allowed && open.Decision == access.Allowed
		got := w.Narrow(want, wallsAction, wallsKey, ctx)
		if known && allowed != (got.Decision == access.Allowed) || known && got.Decision == access.Unknown {
			t.Fatalf("allowed by each: %v; within: %+v", allowed, got)
		}
		if got.Decision == access.Allowed && want.Decision != access.Allowed {
			t.Fatalf("walls give what policies don't: %+v", got)
		}
	})
}

// A wall more only narrows; what isn't known in it is never Allowed; and to know more
// settles a judgement, and doesn't turn it.
func TestWallsOnlyNarrow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, r := randomWalls(t), randomRequest(t)
		j := access.Identity(randomDocuments(t, "identity"), wallsAction, wallsKey, r.Context)
		before := w.Narrow(j, wallsAction, wallsKey, r.Context)
		more := w
		more.ServiceControl = append(append([][]*keypolicy.Document{}, w.ServiceControl...), randomDocuments(t, "one more level"))
		if after := more.Narrow(j, wallsAction, wallsKey, r.Context); rank(after.Decision) > rank(before.Decision) {
			t.Fatalf("with one wall more %s became %s", before.Decision, after.Decision)
		}
		if before.Decision != access.Unknown && len(before.UnknownKeys) > 0 {
			t.Fatalf("%s, and hangs on %v", before.Decision, before.UnknownKeys)
		}
	})
}

// To know more settles a judgement, and never turns it.
func TestKnowingMoreNeverTurnsAJudgement(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, identity, r := randomWalls(t), randomDocuments(t, "identity"), randomRequest(t)
		more := access.Context{Values: maps.Clone(r.Context.Values)}
		for _, key := range slices.Sorted(maps.Keys(conditionValues())) {
			if _, known := more.Values[key]; !known {
				more.Values[key] = randomValue(t, key)
			}
		}
		rule := func(ctx access.Context) access.Judgement {
			return w.Narrow(access.Identity(identity, wallsAction, wallsKey, ctx), wallsAction, wallsKey, ctx)
		}
		if before, after := rule(r.Context), rule(more); before.Decision != access.Unknown && before.Decision != after.Decision {
			t.Fatalf("%+v became %+v", before, after)
		}
	})
}

func rank(d access.Decision) int {
	return map[access.Decision]int{access.Denied: 0, access.Unknown: 1, access.Allowed: 2}[d]
}

// A role whose account the key's policy names may do on the key what its own policies
// allow within its walls: the two ways to ask answer alike.
func TestWallsNarrowAsEvaluateDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := placeholders()
		key := p.Replace("@KEY@")
		root := mustPolicy(t, p.Replace(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"@ROOT@"},"Action":"kms:*","Resource":"*"}]}`))
		r := randomRequest(t)
		r.Principal, r.Operations, r.Walls = access.Principal{ARN: p.Replace("@ROLE@")}, []string{"CreateGrant"}, randomWalls(t)
		r.IdentityPolicies, r.Context.Complete = randomDocuments(t, "identity"), true
		got := access.Evaluate(access.Facts{Key: access.Key{ARN: key, State: "Enabled"}, Policy: root}, r)[0]
		want := r.Walls.Narrow(access.Identity(r.IdentityPolicies, wallsAction, key, r.Context), wallsAction, key, r.Context)
		if got.Decision != want.Decision || want.Explicit != got.Explicit || want.Wall != "" && want.Explicit && got.Reason != want.Wall {
			t.Fatalf("Evaluate: %s %s, Narrow: %+v", got.Decision, got.Reason, want)
		}
	})
}
