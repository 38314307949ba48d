package table_test

import (
	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/kind/group"
)

const byAWS, byPerson = "Administratively suspended at 2026-03-02T08:00:00Z", "User suspended at 2026-03-02T08:00:00Z"

// stopped has a group stopped from launching.
func stopped(reason string) func(*applytest.World) {
	return func(w *applytest.World) { w.Suspend(reason, group.Launch) }
}

// resumed resumes whatever is suspended, and nothing else of the group.
func resumed(w *applytest.World) { w.Groups[0].SuspendedProcesses = nil }

func suspensions() map[string]func() applytest.Case {
	g := applytest.New().Groups[0]
	again := func(reason string) func(*applytest.World) {
		return func(w *applytest.World) { resumed(w); stopped(reason)(w) }
	}
	return map[string]func() applytest.Case{
		"Launch resumed": func() applytest.Case {
			return applytest.Case{
				Step: group.Resume{Group: *g.AutoScalingGroupARN, Name: "web", Reason: byAWS}, World: after(stopped(byAWS)), Does: resumed, Undoes: stopped(byAWS),
				Acts: []applytest.Act{
					{Name: "a person stopped it", Do: again(byPerson), Stands: apply.Absent, Err: apply.ErrSuperseded},
					{Name: "Auto Scaling stopped it another time", Do: again(byAWS + " again"), Stands: apply.Absent, Err: apply.ErrSuperseded},
					{Name: "it isn't known who stopped it", Do: again("suspended"), Stands: apply.Absent, Err: apply.ErrSuperseded},
					{Name: "a person stopped it since", After: true, Do: stopped(byPerson), Stands: apply.Absent, Err: apply.ErrSuperseded},
				},
			}
		},
		"Launch suspended": func() applytest.Case {
			return applytest.Case{
				Step: group.Suspend{Group: *g.AutoScalingGroupARN, Name: "web"}, World: applytest.New, Final: true, Does: stopped(byPerson), Undoes: resumed,
			}
		},
	}
}
