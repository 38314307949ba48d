package remediation_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"keymend/pkg/observe"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
)

// A slow fleet takes a second to tell of a group.
type slowFleet struct {
	remediation.Fleet
	mu    sync.Mutex
	asked map[string]int
	fails error
}

func (f *slowFleet) Course(_ context.Context, group string) (observe.Course, error) {
	time.Sleep(time.Second)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[group]++
	return observe.Course{Launched: []observe.Try{{InstanceID: group}}}, f.fails
}

// TestCoursesSideBySide: how the groups of a series fared is read side by side, 25 at a
// time, each once; that of other groups as it is asked for. Where AWS throttles, no more
// than those are tried ahead.
func TestCoursesSideBySide(t *testing.T) {
	t.Parallel()
	const groups = 100
	var looks []signal.Look
	for i := range groups {
		look := signal.Look{Account: accountID, Region: region, Group: fmt.Sprint("web-", i)}
		if i%2 == 0 {
			look.Follow = &signal.Follow{}
		} else {
			look.Sweep = &signal.Swept{Lacks: true}
		}
		looks = append(looks, look, look)
	}
	looks = append(looks, signal.Look{Account: accountID, Region: region, Group: "other"}, signal.Look{Account: accountID, Region: "us-east-1", Group: "far"})
	ask := func(t *testing.T, f *slowFleet, regions, names []string) (errs int) {
		t.Helper()
		l := newWorld().looker(reading(func(r *readers) { r.fleet = f })).Together(looks, time.Time{})
		for i, name := range names {
			from, err := l.AWS.Fleet(t.Context(), accountID, regions[i])
			if err != nil {
				t.Fatal(err)
			}
			course, err := from.Course(t.Context(), name)
			if err != nil {
				errs++
			} else if course.Launched[0].InstanceID != name {
				t.Errorf("%s is told of for %s", course.Launched[0].InstanceID, name)
			}
		}
		return errs
	}
	var regions, names []string
	for i := range groups {
		regions, names = append(regions, region), append(names, fmt.Sprint("web-", i))
	}
	regions, names = append(regions, region, "us-east-1"), append(names, "other", "far")
	synctest.Test(t, func(t *testing.T) {
		f := &slowFleet{asked: map[string]int{}}
		begin := time.Now()
		ask(t, f, regions, names)
		if took := time.Since(begin); took != (groups/25+2)*time.Second || len(f.asked) != groups+2 {
			t.Errorf("%v, %d groups", took, len(f.asked))
		}
		for group, n := range f.asked {
			if n != 1 {
				t.Errorf("%s was read %d times", group, n)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := &slowFleet{asked: map[string]int{}, fails: errors.New("throttled")}
		if errs := ask(t, f, regions[:1], names[:1]); errs != 1 || len(f.asked) > 26 {
			t.Errorf("%d errors, %d groups were read", errs, len(f.asked))
		}
	})
}
