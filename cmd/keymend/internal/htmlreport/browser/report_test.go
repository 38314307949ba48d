package browser_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keymend/cmd/keymend/internal/htmlreport"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
)

// report holds the pages that package htmlreport commits to the checks.
func (b *browser) report(t *testing.T) {
	dir := t.TempDir()
	for _, l := range looks() {
		t.Run(l.name(), func(t *testing.T) {
			l.Page = whole(t, dir, l.Page)
			b.passes(t, l)
		})
	}
}

// whole writes a committed page with its style and script, and returns its file.
func whole(t *testing.T, dir, page string) string {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	text := read(filepath.Join("testdata", page+".html"))
	for element, name := range map[string]string{"style": "page.css", "script": "page.js"} {
		named := "<" + element + ">" + name + "</" + element + ">"
		if strings.Count(text, named) != 1 {
			t.Fatalf("page %s doesn't name %s once", page, name)
		}
		text = strings.Replace(text, named, "<"+element+">"+read(name)+"</"+element+">", 1)
	}
	out := filepath.Join(dir, page+".html")
	if err := os.WriteFile(out, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

// looks are those that are taken at the committed pages, by the pages' names.
func looks() []look {
	var out []look
	for _, page := range []string{"mixed", "hostile"} {
		for _, check := range []string{"quiet", "search", "sort", "keyboard", "prints"} {
			out = append(out, look{Page: page, Check: check, Width: 1280})
		}
		for _, width := range []int{320, 400, 1280} { // 320 is what WCAG 2.2, 1.4.10, asks for
			out = append(out, look{Page: page, Check: "fits", Width: width}, look{Page: page, Check: "fits", Width: width, Open: true})
		}
	}
	out = append(out, look{Page: "mixed", Check: "scriptless", Width: 1280, NoScript: true}, look{Page: "mixed", Check: "scriptless", Width: 400, NoScript: true},
		look{Page: "mixed", Check: "prints", Width: 1280, NoScript: true},
		look{Page: "mixed", Check: "words", Width: 1280, Open: true}, look{Page: "mixed", Check: "words", Width: 400, Open: true})
	for _, scheme := range []string{"light", "dark"} {
		out = append(out, look{Page: "mixed", Check: "themes", Scheme: scheme, Width: 1280})
		for _, width := range []int{400, 1280} {
			out = append(out, look{Page: "mixed", Check: "accessible", Scheme: scheme, Width: width},
				look{Page: "mixed", Check: "accessible", Scheme: scheme, Width: width, Open: true})
		}
	}
	for _, check := range []string{"accessible", "fits", "quiet", "prints"} {
		out = append(out, look{Page: "empty", Check: check, Width: 400})
	}
	return append(out, look{Page: "mixed", Check: "keyboard", Width: 400}, look{Page: "hostile", Check: "accessible", Width: 400})
}

// name is the look as a test's name.
func (l look) name() string {
	name := fmt.Sprintf("%s/%s/%d", l.Page, l.Check, l.Width)
	if l.Scheme != "" {
		name += " " + l.Scheme
	}
	if l.Open {
		name += " open"
	}
	if l.NoScript {
		name += " scriptless"
	}
	return name
}

// manyGroups: a page of 5,000 groups is one that is still read.
func (b *browser) manyGroups(t *testing.T) {
	b.passes(t, look{Check: "many", Page: written(t, 5000), Than: written(t, 500), Width: 1280})
}

// written writes a page of so many groups, and returns its file.
func written(t *testing.T, groups int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.html", groups))
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	page := htmlreport.Page{Made: time.Date(2026, time.March, 2, 9, 41, 0, 0, time.UTC), Version: "v1", Rows: func(do func(scan.Row) error) error {
		for i := range groups {
			if err := do(row(i, groups)); err != nil {
				return err
			}
		}
		return nil
	}}
	if _, err := htmlreport.Write(file, page); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// row is a group of a page of so many: the first half fails, and twenty share a key.
func row(i, of int) scan.Row {
	r := scan.Row{
		State: report.Fails, Account: "111122223333", Region: "eu-west-1", Group: fmt.Sprintf("service-%05d-end", i), Says: "it can't launch",
		Acts: "the key's owner", Desired: 2, LastFailed: "2026-03-02T09:39:10Z", Role: "arn:aws:iam::111122223333:role/AWSServiceRoleForAutoScaling",
		Sources: []string{"lt-0c11aa22bb33cc44d v17"}, Keys: []scan.Key{{
			ARN: fmt.Sprintf("arn:aws:kms:eu-west-1:111122223333:key/%08d-5e6f-4a1b-8c2d-3e4f5a6b7c8d", i/20), Alias: fmt.Sprintf("alias/key-%d", i/20),
			Account: "111122223333", State: "Enabled", Volumes: []scan.Volume{{Device: "/dev/xvda", Source: "lt-0c11aa22bb33cc44d v17", Because: "the account's default key"}},
			Why: []string{`#0 "EnableRoot" lets IAM policies decide`}, Missing: []string{"CreateGrant"}, Fix: "2 statements",
		}},
	}
	if i >= of/2 {
		r.State, r.Says, r.Acts, r.LastFailed = report.Fine, "it is healthy", "", ""
	}
	return r
}
