package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
)

// edited by an auditor: another Sid for the first statement, and one more.
var audited = strings.NewReplacer("EnableRoot", "Root", `"Statement":[`, `"Statement":[{"Sid":"Audit","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+account+`:root"},"Action":"kms:Describe*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"it's;touch${*}x $(touch x)"}}},`).Replace(rootOnly) //nolint:gochecknoglobals // a constant text

// overwritten are the records that tell of edits that Keymend wrote over.
func (w *world) overwritten() (out []record.Record) {
	for _, r := range w.records() {
		if r.Outcome == outcome.Overwritten {
			out = append(out, r)
		}
	}
	return out
}

// TestJudgedAnEditThatIsWrittenOver: KMS shows a policy as it was before somebody's edit, and
// Keymend writes on that. Whoever made the edit is told, once, what is lost; the command
// in the record brings it back, and takes nothing of Keymend's away.
func TestJudgedAnEditThatIsWrittenOver(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]option{"by its own write": nil, "by the edit, too": {drifting()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, options...)
			key := w.key(rootOnly, enrolled)
			w.makeRole()
			template := w.encryptedTemplate("web", key)
			w.box.Advance(10 * time.Minute)
			w.putPolicy(key, audited)
			must(t, w.box.SetFaults(sandbox.Fault{Service: "kms", Operation: "GetKeyPolicy", Behind: sandbox.Span(5 * time.Minute), Times: 3}))
			w.group("web-prod", template, "$Latest")
			w.box.Advance(4 * time.Minute)
			if policy := w.policy(key); !w.opens(policy, role) || strings.Contains(policy, "Audit") || len(w.overwritten()) > 0 {
				t.Fatalf("not written over: %s\n%v", policy, w.story())
			}
			w.box.Advance(time.Hour)
			told := w.overwritten()
			if len(told) != 1 {
				t.Fatalf("told %d times\n%v", len(told), w.story())
			}
			r := told[0]
			if r.Principal != "arn:aws:iam::"+account+":user/admin" || r.Key != key || !strings.Contains(r.Before, "Audit") || !strings.Contains(r.After, "KeymendUse") ||
				!strings.Contains(r.Reason, `lost is {"Sid":"Audit"`) || !strings.Contains(r.Reason, `back is, though the edit had taken it out, {"Sid":"EnableRoot"`) || len(r.Run) != 1 || r.Run[0].Account != account {
				t.Fatalf("%+v", r)
			}
			newShell(t, w).types(account, r.Run[0].Command+" --endpoint-url "+w.url) // a record is read elsewhere
			policy := w.policy(key)
			if !w.opens(policy, role) || !strings.Contains(policy, `"Audit"`) || !strings.Contains(policy, `"Root"`) || strings.Contains(policy, "EnableRoot") {
				t.Errorf("brought back: %s", policy)
			}
			w.box.Advance(time.Hour)
			if n := len(w.overwritten()); n != 1 {
				t.Errorf("told %d times", n)
			}
		})
	}
}

// TestAnEditThatIsSeen, or made after Keymend's write, is none that was written over.
func TestAnEditThatIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, drifting())
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.putPolicy(key, strings.Replace(audited, "Audit", "Audit0", 1))
	w.box.Advance(3 * time.Minute)
	if !w.opens(w.policy(key), role) {
		t.Fatalf("not opened\n%v", w.story())
	}
	w.putPolicy(key, strings.Replace(w.policy(key), "Audit0", "Audit1", 1))
	w.box.Advance(time.Hour)
	if told := w.overwritten(); len(told) != 0 || w.writes() != 1 {
		t.Errorf("%d writes; told: %+v", w.writes(), told)
	}
}
