package htmlreport_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"keymend/cmd/keymend/internal/htmlreport"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/access"
	"keymend/pkg/history/archive"
	"keymend/pkg/kind/statements"
	"keymend/pkg/outcome"
	"keymend/pkg/quote"
	"keymend/pkg/record"
)

// Whatever others named and wrote: the page has the elements and attributes of a page of
// plain names, its one script is ours, and nothing on it leads away or hides text.
func TestAnyRowIsOnlyText(t *testing.T) {
	t.Parallel()
	plain := parsed(t, written(t, full("web-prod")))
	rapid.Check(t, func(t *rapid.T) {
		text := anyText().Draw(t, "text")
		got := parsed(t, written(t, full(text)))
		if added := got.beyond(plain); len(added) > 0 {
			t.Fatalf("the page has what its layout doesn't: %v", added)
		}
	})
}

// Any row is written whole, and its group can be found by its name.
func TestAnyRow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(anyRow(), 0, 4).Draw(t, "rows")
		got := parsed(t, written(t, htmlreport.Page{Rows: each(rows...)}))
		var want []string
		for _, r := range rows {
			want = append(want, short(r.Group))
		}
		if !slices.Equal(got.groups, want) {
			t.Fatalf("groups %q, want %q", got.groups, want)
		}
	})
}

// short is what a page shows of a long name.
func short(name string) string {
	const most = 600
	runes := []rune(quote.Line(name))
	if len(runes) <= most {
		return string(runes)
	}
	return fmt.Sprintf("%s… (%d characters more)", string(runes[:most]), len(runes)-most)
}

// full has every part that a page can have, and the text in each of its places.
func full(text string) htmlreport.Page {
	var rows []scan.Row
	for _, s := range report.States() {
		for _, d := range []access.Decision{access.Allowed, access.Denied, access.Unknown} {
			r := everywhere(text, s)
			r.Failed, r.Healthy = 1, 1
			for i := range r.Keys {
				r.Keys[i].Decision = d
			}
			r.Keys = append(r.Keys, scan.Key{ARN: text, State: "Disabled", Decision: access.Denied})
			rows = append(rows, r)
		}
	}
	at := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	change := record.Record{
		Phase: record.Result, Outcome: outcome.Fixed, ID: text, RemediationID: "r-" + text, Time: at, Account: text, Region: text, Group: text, Key: text, Alias: text,
		Steps: record.Steps{statements.Add{Key: text, Added: []string{text}, After: text}},
		Proof: &record.ProofOf{Recovered: &record.Recovered{SinceFailure: 240, SinceFix: 60}},
	}
	return htmlreport.Page{
		Rows: each(rows...), Made: at, Version: text, By: text, Again: text, Places: []scan.Looked{{Place: scan.Place{Account: text, Region: text}, Problem: text}, {}},
		Past: htmlreport.Past{Read: true, Entries: archive.Entries([]record.Record{change}), Unread: []string{text}},
	}
}

func anyRow() *rapid.Generator[scan.Row] {
	return rapid.Custom(func(t *rapid.T) scan.Row {
		text := func(what string) string { return anyText().Draw(t, what) }
		texts := func(what string) []string { return rapid.SliceOfN(anyText(), 0, 3).Draw(t, what) }
		r := scan.Row{
			State: report.State(rapid.SampledFrom([]string{"fails", "would-fail", "unknown", "fine", "", "fine\" onload=x"}).Draw(t, "state")), Account: text("account"), Region: text("region"),
			Group: text("group"), Says: text("says"), Acts: text("acts"), Desired: rapid.Int().Draw(t, "desired"), Healthy: rapid.Int().Draw(t, "healthy"), Failed: rapid.Int().Draw(t, "failed"),
			LastFailed: text("last"), Message: text("message"), Suspended: text("suspended"), ManagedBy: text("managed"), Role: text("role"), Sources: texts("sources"), NoNeed: texts("none"), NotSeen: texts("unseen"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "keys") {
			k := scan.Key{
				ARN: text("key"), Alias: text("alias"), Account: text("owner"), State: text("state"), Role: text("for"), By: texts("by"), Why: texts("why"), Missing: texts("missing"), Fix: text("fix"), Remedy: text("remedy"),
				Decision: rapid.SampledFrom([]access.Decision{access.Allowed, access.Denied, access.Unknown}).Draw(t, "decision"), Do: []quote.Task{{Account: text("whose"), Command: text("command")}},
			}
			if rapid.Bool().Draw(t, "volume") {
				k.Volumes = []scan.Volume{{Device: text("device"), Source: text("source"), Because: text("because")}}
			}
			r.Keys = append(r.Keys, k)
		}
		return r
	})
}

func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom(hostile()), rapid.String(), rapid.StringMatching(`[<>"'&/=!\-\[\]{}$\x60a-c \n\x00]{0,20}`),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 40), func(b []byte) string { return string(b) }),
	)
}

// A found page is what an HTML parser makes of one.
type found struct {
	elements map[string]bool // an element in its parent, with an attribute: "td>code class"
	groups   []string
}

// parsed reads a page as a browser does, and holds it to what counts for any.
func parsed(t interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}, page string,
) found {
	t.Helper()
	if bad := strings.IndexFunc(page, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); bad >= 0 {
		t.Fatalf("the page has %q", page[bad:min(bad+10, len(page))])
	}
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	out := found{elements: map[string]bool{}}
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			t.Fatalf("the page has a comment: %s", n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		in := n.Parent.Data + ">" + n.Data
		out.elements[in] = true
		for _, a := range n.Attr {
			out.elements[in+" "+a.Key] = true
			if reason := harms(a); reason != "" {
				t.Fatalf("<%s %s=%q>: %s", n.Data, a.Key, a.Val, reason)
			}
			if a.Key == "data-group" {
				out.groups = append(out.groups, a.Val)
			}
		}
		if n.Data == "script" || n.Data == "style" {
			held(t, page, n)
		}
	}
	for _, one := range []string{"<script", "<style", "<title", "<base", "<body"} {
		if n := strings.Count(page, one); n != 1 && one != "<base" || n != 0 && one == "<base" {
			t.Fatalf("the page has %s %d times", one, n)
		}
	}
	return out
}

// harms says what an attribute may not do.
func harms(a html.Attribute) string {
	switch {
	case strings.HasPrefix(a.Key, "on"):
		return "it runs"
	case a.Key == "style":
		return "it isn't the page's own style"
	case slices.Contains([]string{"src", "srcset", "srcdoc", "action", "formaction", "ping", "background", "poster"}, a.Key):
		return "it loads"
	case a.Key == "href" && !regexp.MustCompile(`^#[a-z-]+$`).MatchString(a.Val):
		return "it leads away"
	}
	return ""
}

// held holds a script or style to the digest that the page's policy has of it.
func held(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, page string, n *html.Node,
) {
	t.Helper()
	sum := sha256.Sum256([]byte(n.FirstChild.Data))
	// In an attribute, html/template writes the + of base64 as a character reference.
	head := html.UnescapeString(page[:strings.Index(page, "<title>")])
	if want := n.Data + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(head, want) {
		t.Fatalf("the policy doesn't have %s: %s", want, head)
	}
}

// beyond is what a page has that another doesn't.
func (f found) beyond(other found) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(f.elements)), func(e string) bool { return other.elements[e] })
}
