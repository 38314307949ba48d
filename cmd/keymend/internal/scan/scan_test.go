package scan_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/quote"
)

var update = flag.Bool("update", false, "rewrite golden files") //nolint:gochecknoglobals // a flag

func row(s report.State, group string) scan.Row {
	return scan.Row{
		Schema: "keymend.scan/1", State: s, Account: "111122223333", Region: "eu-west-1", Group: group, Says: group + " stands so", Sources: []string{"lt-1 v1"},
		Keys: []scan.Key{{ARN: "arn:aws:kms:eu-west-1:111122223333:key/1a2b", Alias: "alias/web", Volumes: []scan.Volume{}, Missing: []string{"CreateGrant"}}}, At: time.Unix(0, 0).UTC(),
	}
}

// rows draws rows of a few groups, some of them twice.
func rows(t *rapid.T) []scan.Row {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) scan.Row {
		r := row(rapid.SampledFrom(report.States()).Draw(t, "state"), rapid.SampledFrom([]string{"a", "b", "c", "\n", "=1+1", "é", "\x1b[2J"}).Draw(t, "group"))
		r.Account = rapid.SampledFrom([]string{"111122223333", "444455556666"}).Draw(t, "account")
		r.Code = rapid.SampledFrom([]report.Code{report.Healed, report.Broke, report.Fixable}).Draw(t, "code")
		r.Message = rapid.String().Draw(t, "message")
		return r
	}), 0, 12).Draw(t, "rows")
}

func must(t interface{ Fatal(...any) }, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

func all(t *rapid.T, k *scan.Kept) []scan.Row {
	var out []scan.Row
	must(t, k.Each(func(r scan.Row) error { out = append(out, r); return nil }))
	return out
}

// TestGoesOn: wherever the program ends, be it in the middle of a line, the next one has
// each row that was whole, asks for the others again, and ends with the same list.
func TestGoesOn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		kept, err := scan.Keep(folder, "about")
		must(t, err)
		drawn := rows(t)
		whole := map[string]scan.Row{} // the newest of each group
		ends := []int64{size(t, kept)}
		for _, r := range drawn {
			must(t, kept.Add(r))
			ends = append(ends, size(t, kept))
			whole[r.Account+r.Group] = r
		}
		first := all(t, kept)
		if len(first) != len(whole) || !slices.IsSortedFunc(first, worst) {
			t.Fatalf("%d rows of %d groups: %+v", len(first), len(whole), first)
		}
		causes := slices.Compact(causesOf(first))
		if slices.Sort(causes); len(slices.Compact(slices.Clone(causes))) != len(causes) {
			t.Fatalf("what has one cause stands apart: %+v", first)
		}
		must(t, kept.Close())
		cut := rapid.Int64Range(ends[0], ends[len(ends)-1]).Draw(t, "cut")
		must(t, os.Truncate(kept.Name(), cut))
		again, err := scan.Resume(kept.Name(), "about")
		must(t, err)
		left := 0
		for left+1 < len(ends) && ends[left+1] <= cut {
			left++
		}
		known := map[string]scan.Row{}
		for _, r := range drawn[:left] {
			known[r.Account+r.Group] = r
		}
		for _, r := range drawn {
			before, there := known[r.Account+r.Group]
			if got := again.Known(scan.Place{Account: r.Account, Region: r.Region}, r.Group); got != (there && before.Code != report.Broke) {
				t.Fatalf("%q of %d rows is known: %v", r.Group, left, got)
			}
		}
		for _, r := range whole {
			must(t, again.Add(r))
		}
		if second := all(t, again); fmt.Sprint(second) != fmt.Sprint(first) {
			t.Fatalf("%+v\nand before %+v", second, first)
		}
		must(t, again.Remove())
	})
}

func worst(a, b scan.Row) int {
	return slices.Index(report.States(), a.State) - slices.Index(report.States(), b.State)
}

func causesOf(rows []scan.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.Cause())
	}
	return out
}

func size(t *rapid.T, k *scan.Kept) int64 {
	info, err := os.Stat(k.Name())
	must(t, err)
	return info.Size()
}

// TestOtherFiles: a scan goes on from no file but its own, and changes no other.
func TestOtherFiles(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "audit records": `{"schema":"keymend.audit/2"}` + "\n", "another scan": `{"schema":"keymend.scan-rows/1","about":"other"}` + "\n",
		"no JSON": "hello\n", "an odd row": `{"schema":"keymend.scan-rows/1","about":"about"}` + "\n[]\n",
	} {
		file := filepath.Join(t.TempDir(), "rows")
		must(t, os.WriteFile(file, []byte(text), 0o600))
		if _, err := scan.Resume(file, "about"); !errors.Is(err, scan.ErrOther) {
			t.Errorf("%s: %v", name, err)
		}
		if now, err := os.ReadFile(file); err != nil || string(now) != text {
			t.Errorf("%s: %q, %v", name, now, err)
		}
	}
	if _, err := scan.Resume(filepath.Join(t.TempDir(), "missing"), "about"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestCSV: whatever the texts are, each row comes back by the reader, and no cell is a
// formula to a spreadsheet.
func TestCSV(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		drawn := rows(t)
		var text bytes.Buffer
		out := scan.NewCSV(&text)
		must(t, out.Header())
		for _, r := range drawn {
			must(t, out.Row(r))
		}
		must(t, out.Flush())
		read, err := csv.NewReader(&text).ReadAll()
		if err != nil || len(read) != len(drawn)+1 {
			t.Fatalf("%d lines of %d rows: %v", len(read), len(drawn), err)
		}
		for i, cells := range read[1:] {
			if strings.TrimPrefix(cells[3], "'") != strings.ReplaceAll(drawn[i].Group, "\r\n", "\n") || len(cells) != len(read[0]) {
				t.Fatalf("%q of %+v", cells, drawn[i])
			}
			for _, cell := range cells {
				if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
					t.Fatalf("%q begins a formula", cell)
				}
			}
		}
	})
}

// TestTable holds what people see of groups that stand in every way, in two places, with
// a third that couldn't be read.
func TestTable(t *testing.T) {
	t.Parallel()
	fails, other, unknown := row(report.Fails, "web-prod"), row(report.WouldFail, "\x1b[2Jweb\n"), row(report.Unknown, "batch")
	fails.Acts, fails.Keys[0].Do = "you, with --apply", []quote.Task{{Account: fails.Account, Command: "keymend diagnose web-prod --apply"}}
	other.Account, other.Acts = "444455556666", "account 777788889999"
	unknown.Keys = nil
	again := func(name string) scan.Row {
		r := row(report.Fails, name)
		r.Acts = fails.Acts
		return r
	}
	total := scan.Total{
		Groups: 7, States: map[report.State]int{report.Fails: 3, report.WouldFail: 1, report.Unknown: 1, report.Fine: 2},
		Places: []scan.Looked{{Place: scan.Place{Account: "111122223333", Region: "eu-west-1"}, Groups: 4}, {Place: scan.Place{Account: "444455556666", Region: "eu-west-1"}, Groups: 1}, {Place: scan.Place{Account: "999900001111"}, Problem: "no such role"}},
	}
	var text bytes.Buffer
	page, table := screen.New(&text, false), &scan.Table{Total: total, Place: report.Place{Account: "111122223333", Region: "eu-west-1"}, Again: []string{"--all-regions"}}
	table.Head(page)
	for _, r := range []scan.Row{fails, again("web-a"), again("web-b"), other, unknown, row(report.Fine, "b"), row(report.Fine, "a")} {
		table.Row(page, r)
	}
	table.Foot(page)
	must(t, page.Flush())
	golden := filepath.Join("testdata", "table.golden")
	if *update {
		must(t, os.MkdirAll("testdata", 0o700))
		must(t, os.WriteFile(golden, text.Bytes(), 0o600))
	}
	want, err := os.ReadFile(golden)
	if err != nil || text.String() != string(want) {
		t.Errorf("%v; run with -update if this is right:\n%s", err, text.String())
	}
	if strings.ContainsRune(text.String(), '\x1b') {
		t.Error("a name moves the cursor")
	}
}
