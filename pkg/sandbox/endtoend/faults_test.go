package endtoend_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/pkg/sandbox"
)

const theirs = `{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:Decrypt","Resource":"*"}`

// edits counts the policies of a key that Keymend wrote, and that took.
func (w *world) edits(key string) int {
	n := 0
	for _, c := range w.box.Calls() {
		if c.Operation == "PutKeyPolicy" && c.Error == "" && strings.Contains(c.Agent, "keymend") && strings.Join(c.Resources, "") == key {
			n++
		}
	}
	return n
}

// TestFaultsAtTheTerminal: the write is throttled, fails or isn't answered, and an
// administrator edits the policy meanwhile. The edit stays, nothing is written twice,
// and the key is open; the same for what takes it back.
func TestFaultsAtTheTerminal(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{sandbox.AnswerThrottled, sandbox.AnswerFailed, sandbox.AnswerFailedAfter, sandbox.AnswerLost} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, with("Mode", "observe"))
			key := w.key(rootOnly, nil)
			w.broken("web-prod", key)
			w.box.Advance(5 * time.Minute)
			edit := func() { w.putPolicy(key, strings.Replace(w.policy(key), "[ {", "[ "+theirs+", {", 1)) }
			must(t, w.box.SetFaults(sandbox.Fault{Service: "kms", Operation: "PutKeyPolicy", Account: account, Times: 1, Answer: answer, Then: edit}))
			code, text := w.run(account, nil, "diagnose", "web-prod", "--apply", "--yes")
			policy := w.policy(key)
			if code != 0 || !strings.Contains(policy, "Theirs") || strings.Count(policy, `"KeymendUse"`) != 1 || w.edits(key) != 1 {
				t.Errorf("%d, %d edits: %s\n%s", code, w.edits(key), policy, text)
			}
			w.box.Advance(10 * time.Minute)
			if n := w.inService("web-prod"); n != 2 {
				t.Errorf("%d in service", n)
			}
		})
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
