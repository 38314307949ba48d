package table_test

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/change"
	"keymend/pkg/kind/grant"
)

// granting is a step that gives the role a grant.
func granting(key string) grant.Create {
	return grant.Create{
		Key: key, Principal: applytest.Role, Name: grant.Prefix + "1", Operations: []string{"Decrypt", "CreateGrant"},
		Retiring: "arn:aws:iam::" + applytest.Account + ":role/keymend-granter", Why: "so",
	}
}

// gives returns what gives a grant by hand.
func gives(s grant.Create) func(*applytest.World) {
	return func(w *applytest.World) {
		in := &kms.CreateGrantInput{KeyId: &s.Key, GranteePrincipal: &s.Principal, RetiringPrincipal: &s.Retiring, Name: &s.Name}
		for _, o := range s.Operations {
			in.Operations = append(in.Operations, types.GrantOperation(o))
		}
		w.AddGrant(in)
	}
}

// ends returns what ends all grants of a name.
func ends(name string) func(*applytest.World) {
	return func(w *applytest.World) {
		w.Grants = slices.DeleteFunc(slices.Clone(w.Grants), func(g types.GrantListEntry) bool { return *g.Name == name })
	}
}

func grants() map[string]func() applytest.Case {
	own, theirs := granting(applytest.OwnKey), granting(applytest.TheirKey)
	const first = "grant-made1"
	return map[string]func() applytest.Case{
		"a grant on an own key": func() applytest.Case { return creating(own, nil) },
		"a grant on their key":  func() applytest.Case { return creating(theirs, nil) },
		"a grant by a policy of a moment ago": func() applytest.Case {
			return creating(theirs, []change.Result{{Changed: true}})
		},
		"a grant retired by its id": func() applytest.Case {
			return ending(grant.Retire{GrantID: first, Grant: theirs}, theirs)
		},
		"a grant retired by its name": func() applytest.Case { return ending(grant.Retire{Grant: theirs}, theirs) },
		"a grant revoked by its id":   func() applytest.Case { return revoking(grant.Revoke{GrantID: first, Grant: own}) },
		"a grant revoked by its name": func() applytest.Case { return revoking(grant.Revoke{Grant: own}) },
	}
}

func creating(s grant.Create, before []change.Result) applytest.Case {
	other, more := s, s
	other.Name = "a person's"
	more.Operations = append(slices.Clone(s.Operations), "DescribeKey")
	more.Name = grant.Prefix + "2" // the operations are in the name
	return applytest.Case{
		Step: s, Before: before, World: applytest.New, Dated: true, Does: gives(s), Undoes: ends(s.Name),
		Acts: []applytest.Act{
			{Name: "a person gave the same by another name", Do: gives(other), Stands: apply.Absent},
			{Name: "a person gave more", Do: gives(more), Stands: apply.Absent},
			{Name: "a person gave more since", After: true, Do: gives(more), Stands: apply.There},
		},
	}
}

func ending(step change.Step, s grant.Create) applytest.Case {
	other := s
	other.Name = "a person's"
	return applytest.Case{
		Step: step, World: after(gives(s), gives(other)), Does: ends(s.Name), Undoes: gives(s),
		Acts: []applytest.Act{{Name: "a person gave another", Do: func(w *applytest.World) {
			another := s
			another.Name = grant.Prefix + "2"
			gives(another)(w)
		}, Stands: apply.Absent}},
	}
}

func revoking(step grant.Revoke) applytest.Case {
	c := ending(step, step.Grant)
	c.Final = true
	return c
}
