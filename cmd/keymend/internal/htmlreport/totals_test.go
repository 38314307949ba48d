package htmlreport_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"keymend/cmd/keymend/internal/htmlreport"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
)

// What is to be done is told once for the groups that it mends, the most first.
func TestTasks(t *testing.T) {
	t.Parallel()
	of := func(group, fix string, state report.State) scan.Row {
		r := fails(group)
		r.State, r.Keys[0].Fix = state, fix
		return r
	}
	foreign := of("foreign", "+ 2 statements", report.Fails)
	foreign.Keys[0].Role = strings.Replace(role, account, other, 1)
	elsewhere := scan.Row{Account: account, Region: region, Group: "gpu", State: report.Fails, Says: "gpu can't launch: no capacity"}
	too := elsewhere
	too.Group, too.Says = "gpu-2", "gpu-2 can't launch: no capacity"
	for name, tc := range map[string]struct {
		rows []scan.Row
		want []string
	}{
		"none":           {[]scan.Row{opened("a"), unknown()}, nil},
		"one key":        {[]scan.Row{of("a", "+ 2 statements", report.Fails), of("b", "+ 2 statements", report.WouldFail)}, []string{"1 group that can't launch, 1 group that would fail next"}},
		"another role":   {[]scan.Row{of("a", "+ 2 statements", report.Fails), foreign}, []string{"1 group that can't launch", "1 group that can't launch"}},
		"its own fix":    {[]scan.Row{of("a", "the group launches as x", report.Fails), of("b", "the group launches as x", report.Fails)}, []string{"1 group that can't launch", "1 group that can't launch"}},
		"the most first": {[]scan.Row{of("c", "+ 1 grant", report.Fails), of("a", "+ 2 statements", report.Fails), of("b", "+ 2 statements", report.Fails)}, []string{"2 groups that can't launch", "1 group that can't launch"}},
		"no key":         {[]scan.Row{elsewhere, too}, []string{"2 groups that can't launch"}},
	} {
		if diff := cmp.Diff(tc.want, mends(t, written(t, htmlreport.Page{Rows: each(tc.rows...)}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// mends is what the page's tasks mend.
func mends(t *testing.T, page string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for n := range root.Descendants() {
		if n.Data == "b" && n.Parent.Data == "p" && n.Parent.Parent.Data == "div" {
			out = append(out, n.FirstChild.Data)
		}
	}
	return out
}

// What keeps a page from being written whole is an error.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	for name, rows := range map[string]func(func(scan.Row) error) error{
		"at once": func(func(scan.Row) error) error { return gone },
		"later":   func(do func(scan.Row) error) error { return errors.Join(do(fails("a")), gone) },
	} {
		if _, err := htmlreport.Write(&strings.Builder{}, htmlreport.Page{Rows: rows}); !errors.Is(err, gone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := htmlreport.Write(fullDisk{}, htmlreport.Page{Rows: each(mixed()...)}); !errors.Is(err, errFull) {
		t.Errorf("a full disk: %v", err)
	}
}

var errFull = errors.New("no space left")

// A full disk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

// Only what Write wrote is a report.
func TestOurs(t *testing.T) {
	t.Parallel()
	page := written(t, htmlreport.Page{Rows: each()})
	for text, want := range map[string]bool{page[:4096]: true, "": false, "mine": false, "<!DOCTYPE html><p>keymend.report/1": false, strings.Replace(page, "<!DOCTYPE html>", "<?xml?>", 1): false} {
		if htmlreport.Ours([]byte(text)) != want {
			t.Errorf("%.40q is a report: %t", text, !want)
		}
	}
}
