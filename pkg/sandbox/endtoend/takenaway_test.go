package endtoend_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
)

// TestAgainstTerraform: for a day somebody's code rewrites the key's policy every minute.
// Keymend writes once, says once what became of it, and takes back none of its edits.
func TestAgainstTerraform(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sweeping())
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	for i := range 24 * 60 {
		edit := fmt.Sprintf(`{"Sid":"Edit%d","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:Decrypt","Resource":"*"},`, i, account)
		w.putPolicy(key, strings.Replace(rootOnly, `"Statement":[`, `"Statement":[`+edit, 1))
		w.box.Advance(time.Minute)
		if got := w.policy(key); !strings.Contains(got, fmt.Sprintf("Edit%d\"", i)) {
			t.Fatalf("minute %d: the edit is lost: %s", i, got)
		}
	}
	told := map[string]int{}
	for _, r := range w.records() {
		if r.Outcome == outcome.TakenAway {
			told[r.ID+" "+string(r.Phase)]++
			for _, says := range []string{"2 statements added (r-", ":user/admin wrote the key's policy 2026-03-02T09:03:00Z", `"Sid": "KeymendUse"`, "'TagKey=keymend,TagValue=remediate 2026-03-0"} {
				if !strings.Contains(r.Reason, says) {
					t.Errorf("the reason lacks %q: %s", says, r.Reason)
				}
			}
		}
	}
	if w.writes() != 1 || len(told) != 1 {
		t.Errorf("%d writes, told %v\n%v", w.writes(), told, w.story())
	}
	for of, n := range told {
		if n > 2 { // what stays is told once a day
			t.Errorf("%s: told %d times in a day", of, n)
		}
	}
}

// TestTakenAwayStartsAnew: what somebody took away, or undid, isn't written again until
// the key's owner enrols it with a later day; a stale read is no removal.
func TestTakenAwayStartsAnew(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		option option
		remove func(w *world, key string)
	}{
		"statements": {func(*setup) {}, func(w *world, key string) { w.putPolicy(key, rootOnly) }},
		"a grant":    {with("OwnKey", "grant"), func(w *world, key string) { w.revokeGrants(key) }},
		"undone": {func(*setup) {}, func(w *world, key string) {
			if code, text := w.keymend(account, "undo", w.last(outcome.Fixed).RemediationID, "--apply"); code != 0 {
				t.Errorf("exit %d\n%s", code, text)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tc.option)
			key := w.key(rootOnly, enrolled)
			w.broken("web-prod", key)
			w.box.Advance(10 * time.Minute)
			tc.remove(w, key)
			before := w.writes()
			w.want(3)
			w.box.Advance(30 * time.Minute)
			if r := w.last(outcome.TakenAway); r.Phase != record.Finding || w.writes() != before || w.inService("web-prod") != 2 {
				t.Errorf("%d writes, %d in service\n%v", w.writes()-before, w.inService("web-prod"), w.story())
			}
			w.tagKey(key, map[string]string{"keymend": "remediate 2026-03-02"})
			w.box.Advance(30 * time.Minute)
			if w.writes() != before+1 || w.inService("web-prod") != 3 {
				t.Errorf("enrolled anew: %d writes, %d in service\n%v", w.writes()-before, w.inService("web-prod"), w.story())
			}
		})
	}
}

// TestTakenAwayAndApplied: a person's word starts anew.
func TestTakenAwayAndApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)
	w.putPolicy(key, rootOnly)
	w.want(3)
	w.box.Advance(10 * time.Minute)
	w.last(outcome.TakenAway)
	if code, text := w.keymend(account, "diagnose", "web-prod", "--apply", "--yes", "--audit-file", filepath.Join(t.TempDir(), "audit.jsonl")); code != 0 {
		t.Errorf("exit %d\n%s", code, text)
	}
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 3 {
		t.Errorf("%d in service\n%v", n, w.story())
	}
}

// TestAStaleReadIsNoRemoval: KMS shows the policy as it was before the write for four
// minutes. Nothing is said to be taken away, and nothing is written on it.
func TestAStaleReadIsNoRemoval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(2 * time.Minute)
	if w.writes() != 1 {
		t.Fatalf("%d writes\n%v", w.writes(), w.story())
	}
	must(t, w.box.SetFaults(sandbox.Fault{Service: "kms", Operation: "GetKeyPolicy", Behind: sandbox.Span(4 * time.Minute)}))
	w.again()
	w.box.Advance(time.Minute)
	must(t, w.box.SetFaults())
	w.box.Advance(20 * time.Minute)
	for _, r := range w.records() {
		if r.Outcome == outcome.TakenAway {
			t.Errorf("taken away: %s", r.Reason)
		}
	}
	if w.writes() != 1 || w.inService("web-prod") != 2 {
		t.Errorf("%d writes, %d in service\n%v", w.writes(), w.inService("web-prod"), w.story())
	}
}
