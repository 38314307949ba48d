package endtoend_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/pkg/sandbox"
)

const theirs = `{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:Decrypt","Resource":"*"}`

// TestFaultsAtTheTerminal: a write of a plan, or one that takes it back, is throttled,
// fails or isn't answered, and an administrator edits the key's policy meanwhile. The
// edit stays, nothing is written twice, the group launches, and the undo leaves nothing
// of Keymend's.
func TestFaultsAtTheTerminal(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{sandbox.AnswerThrottled, sandbox.AnswerFailed, sandbox.AnswerFailedAfter, sandbox.AnswerLost} {
		for name, tc := range map[string]struct {
			environment []string
			write, back sandbox.Fault
		}{
			"statements": {nil, sandbox.Fault{Service: "kms", Operation: "PutKeyPolicy"}, sandbox.Fault{Service: "kms", Operation: "PutKeyPolicy"}},
			"a grant":    {[]string{"KEYMEND_OWN_KEY=grant"}, sandbox.Fault{Service: "kms", Operation: "CreateGrant"}, sandbox.Fault{Service: "kms", Operation: "RevokeGrant"}},
			"a role": {[]string{"KEYMEND_SERVICE_LINKED_ROLE=dedicated:" + suffix}, sandbox.Fault{Service: "iam", Operation: "CreateServiceLinkedRole"},
				sandbox.Fault{Service: "iam", Operation: "DeleteServiceLinkedRole"}},
			"a group's role": {[]string{"KEYMEND_SERVICE_LINKED_ROLE=dedicated:" + suffix}, sandbox.Fault{Service: "autoscaling", Operation: "UpdateAutoScalingGroup"},
				sandbox.Fault{Service: "autoscaling", Operation: "UpdateAutoScalingGroup"}},
		} {
			t.Run(name+" "+answer, func(t *testing.T) {
				sample(t, 4)
				t.Parallel()
				// A person's command goes by the real time, and compares it with AWS's.
				w := newWorld(t, with("Mode", "observe"), func(s *setup) { s.start = time.Now().UTC() })
				key, file := w.key(rootOnly, nil), filepath.Join(t.TempDir(), "audit.jsonl")
				w.broken("web-prod", key)
				w.box.Advance(5 * time.Minute)
				edit := func() { w.putPolicy(key, strings.Replace(w.policy(key), "[ {", "[ "+theirs+", {", 1)) }
				fails := func(f sandbox.Fault, then func()) {
					f.Account, f.Times, f.Answer, f.Then = account, 1, answer, then
					must(t, w.box.SetFaults(f))
				}
				fails(tc.write, edit)
				code, text := w.run(account, tc.environment, "diagnose", "web-prod", "--apply", "--yes", "--audit-file", file)
				if policy := w.policy(key); code != 0 || strings.Count(policy, "Theirs") != 1 || strings.Count(policy, `"KeymendUse"`)+len(w.ourGrants(key)) != 1 {
					t.Errorf("%d, %d grants: %s\n%s", code, len(w.ourGrants(key)), policy, text)
				}
				w.box.Advance(10 * time.Minute)
				if n := w.inService("web-prod"); n != 2 {
					t.Errorf("%d in service\n%s", n, text)
				}
				var all []string
				for _, id := range regexp.MustCompile(`keymend undo (r-[0-9a-f]{16})`).FindAllStringSubmatch(text, -1) {
					if !slices.Contains(all, id[1]) {
						all = append(all, id[1])
					}
				}
				fails(tc.back, nil)
				for _, id := range slices.Backward(all) {
					if code, text := w.run(account, tc.environment, "undo", id, "--file", file, "--apply"); code != 0 {
						t.Errorf("undo: %d\n%s", code, text)
					}
				}
				if policy := w.policy(key); len(all) == 0 || strings.Count(policy, "Theirs") != 1 || strings.Contains(policy, "Keymend") || len(w.ourGrants(key)) != 0 {
					t.Errorf("%d undone, %d grants left: %s", len(all), len(w.ourGrants(key)), policy)
				}
			})
		}
	}
}

// TestManyAtOnceOnOneKey: commands for several roles edit one key at the same time. Each
// that says it is fixed is, and the rest says to run the command again.
func TestManyAtOnceOnOneKey(t *testing.T) {
	t.Parallel()
	const many = 8
	w := newWorld(t, with("Mode", "observe"))
	key := w.key(rootOnly, nil)
	roles := make([]string, many)
	for i := range many {
		made, err := w.iam.CreateServiceLinkedRole(t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("autoscaling.amazonaws.com"), CustomSuffix: new(fmt.Sprintf("team%d", i))})
		must(t, err)
		roles[i] = *made.Role.Arn
		name := fmt.Sprintf("web-%d", i)
		w.broken(name, key)
		_, err = w.asg.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: &name, ServiceLinkedRoleARN: &roles[i]})
		must(t, err)
	}
	w.box.Advance(5 * time.Minute)
	codes, texts := make([]int, many), make([]string, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			codes[i], texts[i] = w.run(account, []string{"KEYMEND_VERIFY_INTERVAL=300ms"}, "diagnose", fmt.Sprintf("web-%d", i), "--apply", "--yes")
		})
	}
	all.Wait()
	fixed, policy := 0, w.policy(key)
	for i := range many {
		open := strings.Contains(policy, `"`+roles[i]+`"`)
		switch {
		case codes[i] == 0 && open:
			fixed++
		case codes[i] == 0:
			t.Errorf("web-%d says that it is fixed, and isn't:\n%s", i, texts[i])
		case !strings.Contains(texts[i], "again"):
			t.Errorf("web-%d doesn't say to run again: %d\n%s", i, codes[i], texts[i])
		}
	}
	if fixed <= many/2 {
		t.Errorf("%d of %d are fixed:\n%s", fixed, many, strings.Join(texts, "\n"))
	}
}
