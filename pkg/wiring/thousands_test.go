package wiring_test

import (
	"runtime"
	"strconv"
	"testing"
	"time"

	"keymend/pkg/account"
	"keymend/pkg/apply/table"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
	"keymend/pkg/wiring"
)

// TestFlat: whoever looks at groups page by page, as keymend scan does, reads what they
// share once in 30 seconds, and holds that and nothing of each: 5,000 groups take no more
// memory than the first 1,000.
func TestFlat(t *testing.T) {
	const pages, page, first, keys = 50, 100, 10, 20
	begun := time.Now()
	f := &fleet{templates: 100, keys: keys, calls: map[string]int{}}
	world := wiring.AWS{Sessions: account.New(configOf(f), account.Options{})}
	looker := (&remediation.Looker{
		Settings: settings.Config{Mode: settings.Observe, Scope: settings.Tagged, OwnKey: settings.OwnKeyAuto},
		AWS:      world, Queue: remediation.Nobody{}, Log: nowhere{}, Kinds: table.Kinds(), Plan: plan.All,
	}).Remembering().Since(begun)
	before := uint64(0)
	for n := range pages {
		var looks []signal.Look
		for i := range page {
			looks = append(looks, signal.Look{Why: signal.WhyAsked, Account: callsAccount, Region: callsRegion, Group: "web-" + strconv.Itoa(n*page+i)})
		}
		together := looker.Together(looks, begun)
		for _, look := range looks {
			saw, found, err := together.Examine(t.Context(), look)
			if err != nil || len(saw.Findings) != 1 || len(found) != 1 || found[0].Record.Outcome != outcome.Observed {
				t.Fatalf("%s: %+v, %v", look.Group, found, err)
			}
		}
		if n+1 == first {
			before = held()
		}
	}
	after := held()
	runtime.KeepAlive(looker)
	if times := 1 + int(time.Since(begun)/(30*time.Second)); f.calls["kms:GetKeyPolicy"] > keys*times || f.calls["autoscaling:DescribeAutoScalingGroups"] > pages+times {
		t.Errorf("%v", f.calls)
	}
	if more := int64(after) - int64(before); more > 1<<20 {
		t.Errorf("%d groups more hold %d KB more", (pages-first)*page, more>>10)
	}
}

// held is what the program holds on to.
func held() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what a pool kept over the first
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
