package endtoend_test

import (
	"testing"
	"time"

	"keymend/pkg/outcome"
)

// refreshFailed is the event of an instance refresh of web-prod's that failed.
const refreshFailed = `{"version":"0","id":"52345678-1234-1234-1234-123456789012","detail-type":"EC2 Auto Scaling Instance Refresh Failed","source":"aws.autoscaling",` +
	`"account":"` + account + `","time":"2026-03-02T09:30:00Z","region":"` + region + `","resources":[],` +
	`"detail":{"InstanceRefreshId":"ab00cf8f-9126-4f3c-8010-dbb8cad6fb86","AutoScalingGroupName":"web-prod"}}`

// TestARefreshFailed: a group lacks no instance, and its refresh failed. The key that its
// next launch needs is opened; where that is open, one record says so.
func TestARefreshFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	template := w.whole(w.openKey())
	before := len(w.records())
	w.deliver(refreshFailed)
	w.box.Advance(2 * time.Minute)
	if all := w.records()[before:]; len(all) != 1 || all[0].Signal != "refresh-failed" || all[0].Outcome != outcome.NothingToDo || w.writes() != 0 {
		t.Fatalf("%d writes\n%v", w.writes(), w.story())
	}
	key := w.key(rootOnly, enrolled)
	w.changed(template, w.image(), volume("/dev/xvda", new(true), key))
	w.deliver(refreshFailed)
	w.box.Advance(5 * time.Minute)
	if r := w.last(outcome.Fixed); r.Signal != "refresh-failed" || !w.opens(w.policy(key), role) || w.writes() != 1 || w.failedLaunches() != 0 {
		t.Errorf("%s, %d writes\n%v", r.Signal, w.writes(), w.story())
	}
	w.want(3)
	w.box.Advance(5 * time.Minute)
	if n := w.inService("web-prod"); n != 3 || w.failedLaunches() != 0 {
		t.Errorf("%d in service\n%v", n, w.story())
	}
}
