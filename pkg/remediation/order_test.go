package remediation_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/apply/table"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
	"keymend/pkg/launch"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
)

const slrKeys = slr + "_keys"

// A street is a world in which two groups launch as different roles and need
// the same key.
type street struct {
	*world
	groups map[string]string // group → role
}

// Launch implements apply.Reader.
func (s *street) Launch(ctx context.Context, group string) (launch.Launch, error) {
	role, ok := s.groups[group]
	if !ok {
		return launch.Launch{}, launch.ErrGroupNotFound
	}
	s.launch.Group, s.launch.Principal.ARN = group, role
	return s.world.Launch(ctx, group)
}

// Role gives each role an id of its own.
func (s *street) Role(_ context.Context, arn string) (access.Principal, error) {
	return access.Principal{ARN: arn, ID: "AROA" + strings.ToUpper(arn[len(arn)-4:]) + "1234567890"}, s.at("Role")
}

// Key implements apply.Keys.
func (s *street) Key(ctx context.Context, id, principal string) (keystate.State, error) {
	state, err := s.world.Key(ctx, id, principal)
	state.Facts.Grants = slices.DeleteFunc(slices.Clone(state.Facts.Grants), func(g access.Grant) bool { return g.GranteePrincipal != principal })
	return state, err
}

// named returns the roles that Keymend's statements name, and what else stands
// in the policy.
func named(t *rapid.T, policy string) (use, grant []string, foreign int) {
	d, err := keypolicy.Parse(policy)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range d.Statements() {
		switch {
		case !keypolicy.Owned(s):
			foreign++
		case strings.HasPrefix(s.Sid, keypolicy.SidUse):
			use = append(use, s.Principal.AWS...)
		default:
			grant = append(grant, s.Principal.AWS...)
		}
	}
	slices.Sort(use)
	slices.Sort(grant)
	return use, grant, foreign
}

// Invariants 3, 7 and 10 where it is crowded: two groups with different roles on
// one key, people who edit the policy in between, crashes at any record, the
// switch and consent going on and off. Whatever the order, nothing is written
// while writing isn't permitted or before the intent is on record; in the end
// both roles are named once each, and every foreign statement stands.
func TestACrowdedKeyEndsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &street{newWorld(), map[string]string{"web-prod": slr, "db-prod": slrKeys}}
		e := w.fixer(seeing(w))
		permitted := func() bool {
			return w.sw == guard.SwitchOn && w.tags["keymend"] == "remediate" && e.Settings.Mode == settings.Enforce
		}
		intended := false
		w.before["Put"] = func() {
			if !intended || !permitted() {
				t.Fatalf("written: intent %t, permitted %t", intended, permitted())
			}
		}
		crash := 0
		w.noteErr = func(r record.Record) error {
			if crash--; crash == 0 {
				return errors.New("killed")
			}
			intended = r.Phase == record.Intent
			return nil
		}
		foreign := 1
		about := func(group string) signal.Look {
			s := failure()
			s.Group = group
			return s
		}
		acts := []func(){
			func() { _, _ = e.Diagnose(context.Background(), about("web-prod")) },
			func() { _, _ = e.Diagnose(context.Background(), about("db-prod")) },
			func() {
				if len(w.sent) > 0 {
					_, _ = e.Remediate(context.Background(), w.sent[rapid.IntRange(0, len(w.sent)-1).Draw(t, "message")])
				}
			},
			func() {
				if foreign > 4 {
					return
				}
				foreign++
				at := strings.Index(w.policy, "[") + 1
				w.policy = w.policy[:at] + `{"Sid":"Theirs` + string(rune('A'+foreign)) + `","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:Sign","Resource":"*"},` + w.policy[at:]
			},
			func() { w.sw = rapid.SampledFrom([]guard.Switch{guard.SwitchOn, guard.SwitchOff}).Draw(t, "switch") },
			func() { w.tags["keymend"] = rapid.SampledFrom([]string{"remediate", "ignore", ""}).Draw(t, "tag") },
			func() {
				e.Settings.Mode = rapid.SampledFrom([]settings.Mode{settings.Enforce, settings.Observe, settings.Propose, "?"}).Draw(t, "mode")
			},
			func() { crash = rapid.IntRange(1, 3).Draw(t, "crash") },
			func() {
				if slices.ContainsFunc(w.records, func(r record.Record) bool { return len(r.Undo) > 0 }) {
					for _, r := range slices.Backward(w.records) {
						if len(r.Undo) > 0 {
							delete(w.before, "Put") // a person's; no switch stands against it
							_, _ = e.Undo(context.Background(), r)
							break
						}
					}
				}
			},
		}
		guardPut := w.before["Put"]
		for range rapid.IntRange(1, 25).Draw(t, "acts") {
			rapid.SampledFrom(acts).Draw(t, "act")()
			w.before["Put"] = guardPut
			intended = false
		}
		// In the end everything is permitted, and each group's launch fails once more.
		w.sw, w.tags["keymend"], e.Settings.Mode, crash = guard.SwitchOn, "remediate", settings.Enforce, 0
		for _, group := range []string{"web-prod", "db-prod"} {
			found, err := e.Diagnose(context.Background(), about(group))
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range found {
				if d.Message != nil {
					if r, err := e.Remediate(context.Background(), *d.Message); err != nil || r.Outcome != outcome.Fixed {
						t.Fatalf("%s %s %v", r.Outcome, r.Reason, err)
					}
				}
			}
		}
		for _, m := range w.sent { // and what was sent is delivered once more
			writes := w.writes()
			if _, err := e.Remediate(context.Background(), m); err != nil || w.writes() != writes {
				t.Fatalf("%v, %d writes more", err, w.writes()-writes)
			}
		}
		use, grant, others := named(t, w.policy)
		if want := []string{slr, slrKeys}; !slices.Equal(use, want) || !slices.Equal(grant, want) || others != foreign || w.made != 0 {
			t.Fatalf("use %v, grant %v, %d foreign statements of %d, %d grants", use, grant, others, foreign, w.made)
		}
	})
}

// What a message says is to be written is never written: the plan is made anew,
// and a digest that fits vouches for nothing else.
func TestAMessagesStepsAreNotTrusted(t *testing.T) {
	t.Parallel()
	evil := strings.Replace(rootOnly, `"arn:aws:iam::111122223333:root"`, `"*"`, 1)
	for name, forge := range map[string]func(*remediation.Message){
		"another document": func(m *remediation.Message) {
			m.Steps = change.Steps{statements.Add{Key: keyARN, Principal: slr, Before: rootOnly, After: evil}}
		},
		"another principal": func(m *remediation.Message) {
			m.Steps = change.Steps{grant.Create{Key: keyARN, Principal: "arn:aws:iam::111122223333:role/mallory", Name: "keymend-x", Operations: []string{"Decrypt"}}}
		},
		"another key": func(m *remediation.Message) {
			m.Steps = change.Steps{statements.Add{Key: "arn:aws:kms:eu-west-1:111122223333:key/other", Principal: slr, Before: rootOnly, After: evil}}
		},
	} {
		w := newWorld()
		m := w.message(t)
		w.records = nil
		forge(&m)
		for range 2 { // the second finds the key open
			if _, err := w.fixer().Remediate(t.Context(), m); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		d, err := keypolicy.Parse(rootOnly)
		if err != nil {
			t.Fatal(err)
		}
		want, err := keypolicy.Allow(d, slr)
		if err != nil {
			t.Fatal(err)
		}
		if w.policy != want.After || w.puts != 1 || w.made != 0 {
			t.Errorf("%s: %d writes, %d grants, %s", name, w.puts, w.made, w.policy)
		}
		for _, r := range w.records {
			if strings.Contains(r.After, `"AWS":"*"`) || strings.Contains(r.Before, `"AWS":"*"`) {
				t.Errorf("%s: the record repeats it: %s", name, r.After)
			}
		}
	}
}

// Fault: what a message's steps say was looked for wherever they say it, and where
// that stood, the same CreateGrant was made as proof on the key that the message
// names: a grant that nobody had permitted.
func TestAForgedMessageHadAGrantMade(t *testing.T) {
	t.Parallel()
	const use = `{"Sid":"KeymendUse","Effect":"Allow","Principal":{"AWS":"` + slr + `"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}`
	for name, step := range map[string]change.Step{
		"statements on another key": statements.Add{Key: keyARN, Principal: slr, Sids: []string{"KeymendUse"}},
		"the role in its own":       statements.Add{Key: foreignKey, Principal: slr, Sids: []string{"KeymendUse"}},
		"a grant that is gone":      grant.Retire{GrantID: "g0", Grant: grant.Create{Key: keyARN, Principal: slr, Name: "keymend-0"}},
	} {
		b := newBorder()
		m := b.message(t)
		b.with(byRoot)
		b.with(use)
		b.hidden, m.Steps = true, change.Steps{step}
		text, err := m.Body()
		if err != nil {
			t.Fatal(err)
		}
		if m, err = remediation.ReadMessage([]byte(text), table.Kinds().Kinds()); errors.Is(err, remediation.ErrMessage) {
			continue
		}
		m.Delivery.Receives = 2
		r, err := b.fixer(mode(settings.Observe)).Remediate(t.Context(), m)
		if err != nil || b.made != 0 || len(b.grants) != 0 {
			t.Errorf("%s: %s %s, %v: %d grants", name, r.Outcome, r.Reason, err, b.made)
		}
	}
}
