package command_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keymend/cmd/keymend/internal/command"
)

// TestNobodyToAsk: without a terminal and --yes nothing is read or written, and what to
// add is said.
func TestNobodyToAsk(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	before, log := w.policy("alias/platform-ebs"), filepath.Join(w.dir, "audit.jsonl")
	for _, args := range [][]string{
		{"diagnose", "web-prod", "--apply", "--audit-file", log}, {"replay", "event.json", "--apply"}, {"undo", "r-1", "--apply"},
	} {
		var out, errs bytes.Buffer
		code := command.Run(args, command.Surroundings{Version: "test", In: strings.NewReader("y\n"), Out: &out, Err: &errs, Getenv: os.Getenv})
		said{code, out.String(), errs.String()}.want(t, 2, "", "nobody can be asked here: add --yes")
	}
	if w.policy("alias/platform-ebs") != before {
		t.Error("the policy changed")
	}
}

// TestAsked: what is about to be written is shown; without a yes nothing is.
func TestAsked(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	before, log := w.policy("alias/platform-ebs"), filepath.Join(w.dir, "audit.jsonl")
	apply := []string{"diagnose", "web-prod", "--apply", "--audit-file", log}
	for _, no := range []string{"", "\n", "n\n", "yeah\n"} {
		s := w.asked(no, apply...).want(t, 3, "Nothing changed.", "Write it? [y/N]")
		for _, line := range []string{"account   111122223333", "region    eu-west-1", "change    + 2 statements", "others    nobody else's", "risk      whoever may create"} {
			s.want(t, 3, "", line)
		}
	}
	if s := w.asked("n\n", append(apply, "--output", "json")...); s.code != 3 || strings.Count(s.out, "\n") != 1 || !strings.HasPrefix(s.out, "{") {
		t.Errorf("%d: standard output has more than the finding:\n%s", s.code, s.out)
	}
	if w.policy("alias/platform-ebs") != before {
		t.Fatal("the policy changed")
	}
	w.tag("alias/platform-ebs", "keymend", "observe") // no consent but the person's own word
	w.asked("n\n", apply...).want(t, 3, "", "consent   its owner hasn't enrolled the key")
	w.asked("y\n", apply...).want(t, 0, "the change stands", "Write it? [y/N]")
	undo := []string{"undo", remediation(t, log), "--file", log, "--apply"}
	w.asked("n\n", undo...).want(t, 3, "Nothing changed.", "goes      statement")
	w.asked("y\n", undo...).want(t, 0, "is undone", "the next launch of web-prod fails again")
	if w.policy("alias/platform-ebs") != before {
		t.Error("the policy isn't as it was")
	}
	w.asked("", undo...).want(t, 0, "gone already", "")
}

// A person does something before each answer.
type person struct {
	io.Reader
	first func()
}

// Read implements io.Reader, a line at a time.
func (p *person) Read(to []byte) (int, error) {
	if p.first != nil {
		p.first()
		p.first = nil
	}
	return p.Reader.Read(to)
}

// TestAskedAgain: while the person thinks, the facts change. What is written is what they
// said yes to: the fresh plan is shown, and they are asked again.
func TestAskedAgain(t *testing.T) {
	for answers, code := range map[string]int{"y\ny\n": 0, "y\nn\n": 3} {
		w := newWorld(t)
		w.seed("own-key")
		t.Setenv("KEYMEND_OWNERSHIP_TAGS", "owner")
		before := w.policy("alias/platform-ebs")
		var out, errs bytes.Buffer
		got := command.Run([]string{"diagnose", "web-prod", "--apply", "--audit-file", filepath.Join(w.dir, "audit.jsonl")}, command.Surroundings{
			Version: "test", Out: &out, Err: &errs, Getenv: os.Getenv, Asks: true,
			In: &person{strings.NewReader(answers), func() { w.tag("alias/platform-ebs", "owner", "terraform") }},
		})
		s := said{got, out.String(), errs.String()}.want(t, code, "", "The facts changed")
		if strings.Count(s.err, "[y/N]") != 2 || !strings.Contains(s.err, "change    + 2 statements") || !strings.Contains(s.err, "+ 1 grant") {
			t.Errorf("asked something else:\n%s", s.err)
		}
		if w.policy("alias/platform-ebs") != before {
			t.Error("statements were written that nobody said yes to in the end")
		}
	}
}
