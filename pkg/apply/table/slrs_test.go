package table_test

import (
	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
)

const dedicated = applytest.Role + "_payments"

func makes(suffix string) func(*applytest.World) {
	return func(w *applytest.World) { w.MakeRole(suffix) }
}

func deletes(role string) func(*applytest.World) {
	return func(w *applytest.World) { delete(w.Roles, role) }
}

// launchesAs gives the group a role.
func launchesAs(role string) func(*applytest.World) {
	return func(w *applytest.World) { w.Groups[0].ServiceLinkedRoleARN = &role }
}

func slrs() map[string]func() applytest.Case {
	return map[string]func() applytest.Case{
		"a role made": func() applytest.Case {
			return applytest.Case{
				Step: role.Ensure{Role: dedicated, Suffix: "payments"}, World: applytest.New, Dated: true, Does: makes("payments"), Undoes: deletes(dedicated),
				Acts: []applytest.Act{{Name: "a person made another", Do: makes("other"), Stands: apply.Absent}},
			}
		},
		"a role deleted": func() applytest.Case {
			return applytest.Case{
				Step: role.Delete{Role: dedicated}, World: after(makes("payments")), Final: true, Does: deletes(dedicated), Undoes: makes("payments"),
				Acts: []applytest.Act{{Name: "a person has a group launch as it", Do: launchesAs(dedicated), Stands: apply.Absent, Err: apply.ErrInUse}},
			}
		},
		"a group updated": func() applytest.Case {
			g := applytest.New().Groups[0]
			return applytest.Case{
				Step:  group.Update{Group: *g.AutoScalingGroupARN, Name: *g.AutoScalingGroupName, Before: applytest.Role, After: dedicated},
				World: after(makes("payments"), makes("third")), Does: launchesAs(dedicated), Undoes: launchesAs(applytest.Role),
				Acts: []applytest.Act{
					{Name: "a person chose a third role", Do: launchesAs(applytest.Role + "_third"), Stands: apply.Absent, Err: apply.ErrSuperseded},
					{Name: "a person chose a third role since", After: true, Do: launchesAs(applytest.Role + "_third"), Stands: apply.Absent, Err: apply.ErrSuperseded},
				},
			}
		},
	}
}
