package table_test

import (
	"strings"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/statements"
)

const (
	mine = `{"Sid":"Mine","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:Decrypt","Resource":"*"}`
	root = "arn:aws:iam::111122223333:root"
)

// edited returns what edits the policy of a key.
func edited(key string, edit func(*keypolicy.Document) (keypolicy.Edit, error)) func(*applytest.World) {
	return func(w *applytest.World) { w.Policies[key] = must(edit(parsed(w.Policies[key]))).After }
}

func parsed(policy string) *keypolicy.Document { return must(keypolicy.Parse(policy)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func opens(role string) func(*keypolicy.Document) (keypolicy.Edit, error) {
	return func(d *keypolicy.Document) (keypolicy.Edit, error) { return keypolicy.Allow(d, role) }
}

func closes(role string, sids ...string) func(*keypolicy.Document) (keypolicy.Edit, error) {
	return func(d *keypolicy.Document) (keypolicy.Edit, error) { return keypolicy.Revoke(d, role, sids...) }
}

func delegates(d *keypolicy.Document) (keypolicy.Edit, error) {
	return keypolicy.Delegate(d, keypolicy.Delegation{Partition: "aws", Account: applytest.Account})
}

// replaced returns what replaces a part of a key's policy.
func replaced(key, old, by string) func(*applytest.World) {
	return func(w *applytest.World) {
		if !strings.Contains(w.Policies[key], old) {
			panic("the policy has no " + old)
		}
		w.Policies[key] = strings.Replace(w.Policies[key], old, by, 1)
	}
}

// after returns a new world in which others did something first.
func after(acts ...func(*applytest.World)) func() *applytest.World {
	return func() *applytest.World {
		w := applytest.New()
		for _, act := range acts {
			act(w)
		}
		return w
	}
}

// add is the step that opens a key to a principal.
func add(key, principal string, world func() *applytest.World, edit func(*keypolicy.Document) (keypolicy.Edit, error)) statements.Add {
	e := must(edit(parsed(world().Policies[key])))
	return statements.Add{Key: key, Principal: principal, Before: e.Before, After: e.After, Added: e.Added, Sids: e.Sids}
}

func policies() map[string]func() applytest.Case {
	return map[string]func() applytest.Case{
		"statements for a role": func() applytest.Case {
			return adding(applytest.OwnKey, applytest.Role, applytest.New, opens(applytest.Role))
		},
		"statements that name another role": func() applytest.Case {
			world := after(func(w *applytest.World) { w.MakeRole("a") }, edited(applytest.OwnKey, opens(applytest.Role+"_a")))
			return adding(applytest.OwnKey, applytest.Role, world, opens(applytest.Role))
		},
		"statements for another account": func() applytest.Case {
			return adding(applytest.TheirKey, root, applytest.New, delegates)
		},
		"statements taken out":         takingNamed,
		"all statements taken out":     func() applytest.Case { return taking() },
		"statements of two taken out":  takingOne,
		"statements of other accounts": takingRoot,
		"ids of deleted roles":         tidying,
	}
}

func adding(key, principal string, world func() *applytest.World, edit func(*keypolicy.Document) (keypolicy.Edit, error)) applytest.Case {
	step := add(key, principal, world, edit)
	adds := replaced(key, `"Statement":[`, `"Statement":[`+mine+`,`)
	c := applytest.Case{
		Step: step, World: world, Does: edited(key, edit), Undoes: edited(key, closes(principal, step.Sids...)),
		Acts: []applytest.Act{
			{Name: "a person added a statement", Do: adds, Stands: apply.Absent, Err: apply.ErrSuperseded},
			{Name: "a person added a statement since", After: true, Do: adds, Stands: apply.There, Err: apply.ErrSuperseded},
			{
				Name: "a person narrowed a statement", After: true, Stands: apply.Absent, Err: apply.ErrSuperseded,
				Do: replaced(key, `"kms:Encrypt",`, ``),
			},
		},
	}
	for _, sid := range step.Sids {
		undoes := edited(key, closes(principal, sid))
		c.Acts = append(c.Acts,
			applytest.Act{Name: "a person did it without " + sid, Do: func(w *applytest.World) { c.Does(w); undoes(w) }, Stands: apply.Absent, Err: apply.ErrSuperseded},
			applytest.Act{Name: "a person undid " + sid, After: true, Do: undoes, Stands: apply.Absent, Err: apply.ErrSuperseded})
	}
	return c
}

// opened is a world in which a key is open to the role.
func opened() func() *applytest.World { return after(edited(applytest.OwnKey, opens(applytest.Role))) }

func taking(sids ...string) applytest.Case {
	half := closes(applytest.Role, keypolicy.SidUse)
	return applytest.Case{
		Step: statements.Remove{Key: applytest.OwnKey, Principal: applytest.Role, Sids: sids}, World: opened(), Final: true,
		Does: edited(applytest.OwnKey, closes(applytest.Role)), Undoes: edited(applytest.OwnKey, opens(applytest.Role)),
		Acts: []applytest.Act{
			{Name: "a person did half of it", Do: edited(applytest.OwnKey, half), Stands: apply.Absent},
			{Name: "a person added a statement", Do: replaced(applytest.OwnKey, `"Statement":[`, `"Statement":[`+mine+`,`), Stands: apply.Absent},
			{Name: "a person narrowed a statement", Do: replaced(applytest.OwnKey, `"kms:Encrypt",`, ``), Stands: apply.Absent},
			{
				Name: "a person let the role in", After: true, Stands: apply.There,
				Do: replaced(applytest.OwnKey, `"Statement":[`, `"Statement":[`+strings.Replace(mine, root, applytest.Role, 1)+`,`),
			},
		},
	}
}

// takingNamed leaves the statements of another name, though they name the role.
func takingNamed() applytest.Case {
	c := taking(keypolicy.SidUse, keypolicy.SidCreateGrant)
	c.Acts = append(c.Acts, applytest.Act{Name: "another remediation opened the key", Stands: apply.Absent, Do: func(w *applytest.World) {
		use := must(opens(applytest.Role)(parsed(applytest.New().Policies[applytest.OwnKey]))).Added[0]
		replaced(applytest.OwnKey, `"Statement":[`, `"Statement":[`+strings.Replace(use, keypolicy.SidUse, keypolicy.SidUse+"2", 1)+`,`)(w)
	}})
	return c
}

// takingOne leaves the other role in the statements.
func takingOne() applytest.Case {
	other := applytest.Role + "_a"
	c := taking()
	c.World = after(func(w *applytest.World) { w.MakeRole("a") }, edited(applytest.OwnKey, opens(other)), edited(applytest.OwnKey, opens(applytest.Role)))
	return c
}

func takingRoot() applytest.Case {
	c := taking()
	c.Step = statements.Remove{Key: applytest.TheirKey, Principal: root}
	c.World = after(edited(applytest.TheirKey, delegates))
	c.Does, c.Undoes, c.Acts = edited(applytest.TheirKey, closes(root)), edited(applytest.TheirKey, delegates), nil
	return c
}

// tidying takes the id of a deleted role out of a statement that names another, too.
func tidying() applytest.Case {
	const gone = "AROAEXAMPLEGONE123456"
	named := func(w *applytest.World) {
		edited(applytest.OwnKey, opens(applytest.Role))(w)
		w.Policies[applytest.OwnKey] = strings.ReplaceAll(w.Policies[applytest.OwnKey], `["`+applytest.Role+`"]`, `["`+applytest.Role+`","`+gone+`"]`)
	}
	world := after(named)
	e := must(parsed(world().Policies[applytest.OwnKey]).Tidied())
	adds := replaced(applytest.OwnKey, `"Statement":[`, `"Statement":[`+mine+`,`)
	return applytest.Case{
		Step:  statements.Tidy{Key: applytest.OwnKey, Principal: applytest.Role, Before: e.Before, After: e.After, Gone: []string{gone}},
		World: world, Final: true, Does: edited(applytest.OwnKey, (*keypolicy.Document).Tidied),
		Acts: []applytest.Act{
			{Name: "a person added a statement", Do: adds, Stands: apply.Absent, Err: apply.ErrSuperseded},
			{Name: "a person added a statement since", After: true, Do: adds, Stands: apply.There, Err: apply.ErrSuperseded},
			{Name: "a person narrowed a statement since", After: true, Do: replaced(applytest.OwnKey, `"kms:Encrypt",`, ``), Stands: apply.There, Err: apply.ErrSuperseded},
		},
	}
}
