package report_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
)

// shown is a group's screen so many columns wide.
func shown(t rapid.TB, g report.Group, columns int) string {
	t.Helper()
	var out bytes.Buffer
	page := screen.New(&out, false).Within(columns)
	g.Show(page)
	if err := page.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// placed is a group as a person with a profile sees it.
func placed(g report.Group) report.Group {
	g.History, g.File = failing(keyText), "/home/oncall/audit.jsonl"
	g.Place = report.Place{Account: account, Region: region, Profile: "prod"}
	return g
}

// TestWidths: what a person reads on a narrow and on a wide terminal.
func TestWidths(t *testing.T) {
	t.Parallel()
	deny, foreign := newWorld(t, root, deny), newWorld(t, ownerRoot, useByA)
	foreign.foreign(nil)
	for name, w := range map[string]*world{"broken": newWorld(t, root, service, noPath), "explicit-deny": deny, "foreign": foreign} {
		g := placed(report.Groups(w.records(t, false))[0])
		for _, columns := range []int{60, 120} {
			golden(t, fmt.Sprintf("wide/%s-%d", name, columns), []byte(shown(t, g, columns)))
		}
	}
}

// TestShowPolicy: who asks for policies has them as JSON, and no export to run.
func TestShowPolicy(t *testing.T) {
	t.Parallel()
	foreign := newWorld(t, ownerRoot)
	foreign.foreign(consented)
	for name, w := range map[string]*world{"own": newWorld(t, root), "foreign": foreign} {
		g := placed(report.Groups(w.records(t, false))[0])
		if text := shown(t, g, screen.Usual); strings.Contains(text, `"Effect"`) || !strings.Contains(text, "keymend export web-prod") {
			t.Errorf("%s: policies that nobody asked for, or no way to them:\n%s", name, text)
		}
		g.ShowPolicy = true
		golden(t, "policy-"+name, []byte(shown(t, g, screen.Usual)))
	}
}

// TestAlso says whom else a key concerns, and what isn't known of that.
func TestAlso(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		others, failing int
		unshared, want  string
	}{
		{0, 0, "", "also      no other group uses this key\n"},
		{1, 0, "", "also      1 more group uses this key, or may\n"},
		{1, 1, "", "also      1 more group uses this key, or may, and lacks instances\n"},
		{14, 4, "", "also      14 more groups use this key, or may; 4 of them lack instances\n"},
		{0, 0, "which other groups use the key: refused", "not seen  which other groups use the key: refused\n"},
	} {
		g := placed(report.Groups(newWorld(t, root).records(t, false))[0])
		if g.Unshared = tc.unshared; tc.unshared == "" {
			g.Share(keyARN, tc.others, tc.failing)
		}
		if text := shown(t, g, screen.Usual); !strings.Contains(text, tc.want) {
			t.Errorf("no %q in\n%s", tc.want, text)
		}
	}
}

// TestSeveralKeys: all keys that stand in the way are counted, and the first is named.
func TestSeveralKeys(t *testing.T) {
	t.Parallel()
	g := placed(report.Groups(newWorld(t, root).records(t, false))[0])
	g.Keys = append(g.Keys, g.Keys[0])
	const want = "web-prod can't launch: 2 keys that it needs can't be used; the first: its default EBS key platform-ebs isn't open to"
	if text := shown(t, g, screen.Usual); !strings.HasPrefix(strings.ReplaceAll(text, "\n", " "), want) {
		t.Error(text)
	}
}

// TestEveryWidth: on a terminal of any width, whatever others wrote, nothing but one word,
// an ARN with its member's name, or a command is longer than the page; no word is broken,
// and nothing is sent but text.
func TestEveryWidth(t *testing.T) {
	t.Parallel()
	command := regexp.MustCompile(`^ {0,10}[a-z -]* *(keymend|aws) `)
	pointed := regexp.MustCompile(`^.{10} *(\S+ .*)?"[^"]*": "arn:|^ *\^+( |$)`)
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"a\nFIXED", "\x1b[2J", "\u202eLRO", strings.Repeat("long ", 60), strings.Repeat("x", 300), `"quoted" \ and so on`, "日本語 のキー",
		}))
		sid := strings.NewReplacer("\\", "", `"`, "").Replace(strings.ToValidUTF8(text.Draw(rt, "sid"), ""))
		g := placed(report.Groups(newWorld(t, strings.Replace(root, "EnableRoot", quoted(sid), 1), service).records(t, false))[0])
		g.Head.Group, g.History.Message = text.Draw(rt, "group"), text.Draw(rt, "message")
		g.Head.ManagedBy = text.Draw(rt, "managed by")
		columns := rapid.IntRange(1, 300).Draw(rt, "columns")
		for line := range strings.Lines(shown(rt, g, columns)) {
			line = strings.TrimSuffix(line, "\n")
			if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				rt.Errorf("%q is sent", line)
			}
			long := utf8.RuneCountInString(line) > min(max(columns, 60), 200)
			if fields := strings.Fields(line[min(len(line), 10):]); long && len(fields) > 1 && !command.MatchString(line) && !pointed.MatchString(line) {
				rt.Errorf("%d columns: %q", columns, line)
			}
		}
	})
}

// quoted is a text as it stands within quotes in JSON.
func quoted(text string) string {
	var out strings.Builder
	for _, r := range text {
		fmt.Fprintf(&out, `\u%04x`, min(r, 0xffff))
	}
	return out.String()
}
