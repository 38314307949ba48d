package conformance_test

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// boto3 and the Go SDK, each with a sandbox of its own, make the same calls;
// whatever one parses, the other must parse alike.
func TestBoto3ReadsWhatTheGoSDKReads(t *testing.T) {
	t.Parallel()
	box, endpoint := newSandbox(t)
	other, otherEndpoint := newSandbox(t)
	byPython := &run{driver: startPython(t, endpoint), advance: box.Advance, answers: map[string]answer{}}
	byGo := &run{driver: goSDK(t, otherEndpoint), advance: other.Advance, answers: map[string]answer{}}
	one, two := newCanonical(), newCanonical()
	for _, c := range readCalls(t, "calls.json") {
		a, b := byPython.do(t, c), byGo.do(t, c)
		if !expected(t, c, "boto3", a) || !expected(t, c, "the Go SDK", b) {
			continue
		}
		for _, d := range disagreements(one.answer(a), two.answer(b)) {
			t.Errorf("%s: %s", c, d)
		}
	}
}

// expected holds an answer to what its call is there to show.
func expected(t *testing.T, c call, who string, a answer) bool {
	t.Helper()
	if c.Advance != "" {
		return false
	}
	if a.Error != nil {
		if a.Error.Code != c.Error {
			t.Errorf("%s: %s was refused: %s; want %q", c, who, a.Error, c.Error)
			return false
		}
		return true
	}
	if c.Error != "" {
		t.Errorf("%s: %s was answered, want %s", c, who, c.Error)
		return false
	}
	for _, path := range c.Some {
		if empty(at(policies(a.Output), path)) {
			t.Errorf("%s: %s found no %s in %v", c, who, path, a.Output)
		}
	}
	return true
}

// apart are members in which two runs differ by their nature: they show real
// time, or a secret.
var apart = []string{
	"credentials.expiration: ", "credentials.secretaccesskey: ", "credentials.sessiontoken: ",
	"ciphertextblob: ", "granttoken: ", "messages.0.receipthandle: ", "messages.1.receipthandle: ", "messages.2.receipthandle: ",
}

// newer are members that the Go SDK knows and boto3 1.43.11 doesn't yet.
var newer = []string{"volumes.0.ownerid: only the Go SDK"}

func disagreements(byPython, byGo answer) []string {
	if byPython.Error != nil {
		if *byPython.Error != *byGo.Error {
			return []string{"boto3 reads " + byPython.Error.String() + ", the Go SDK " + byGo.Error.String()}
		}
		return nil
	}
	return slices.DeleteFunc(differences(byPython.Output, byGo.Output, "boto3", "the Go SDK"), func(d string) bool {
		return slices.ContainsFunc(apart, func(member string) bool {
			return strings.HasPrefix(d, member) && !strings.Contains(d, ": only ")
		}) || slices.ContainsFunc(newer, func(start string) bool { return strings.HasPrefix(d, start) })
	})
}

// sortedKeys sorts without regard to case: SDKs differ in the first letter.
func sortedKeys(m map[string]any) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return strings.Compare(strings.ToLower(a), strings.ToLower(b))
	})
}

// unescaped undoes the URL encoding of IAM's policy documents.
func unescaped(s string) string {
	if text, err := url.QueryUnescape(s); err == nil && s != "" && s[0] == '%' {
		return text
	}
	return s
}

// The machinery must see a difference where there is one.
func TestDifferencesAreSeen(t *testing.T) {
	t.Parallel()
	a := map[string]any{"Name": "x", "List": []any{map[string]any{"on": false, "At": 1.0}}, "Gone": "y"}
	b := map[string]any{"name": "x", "list": []any{map[string]any{"On": false, "at": 2.0}}, "more": true, "none": nil}
	got := differences(a, b, "one", "two")
	want := []string{"gone: only one has it: y", "list.0.at: one has 1, two has 2", "more: only two has it: true"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	c := newCanonical()
	first := c.answer(answer{Output: map[string]any{"a": "vol-0123456789abcdef0", "b": "of vol-0123456789abcdef0"}})
	if first.Output["a"] != "<1>" || first.Output["b"] != "of <1>" {
		t.Errorf("canonical: %v", first.Output)
	}
}

// Every operation that the sandbox has is judged: this finds those that
// nobody added to the list.
func TestEveryOperationIsJudged(t *testing.T) {
	t.Parallel()
	called := map[string]bool{}
	for _, c := range readCalls(t, "calls.json") {
		called[c.Operation] = true
	}
	files, err := filepath.Glob(filepath.Join("..", "*", "*.go"))
	must(t, err)
	served := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, found := range regexp.MustCompile(`wire\.Handle\("(\w+)"`).FindAllStringSubmatch(string(text), -1) {
			if served++; !called[found[1]] && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s serves %s, which calls.json doesn't call", file, found[1])
			}
		}
	}
	if served < 80 {
		t.Errorf("found only %d operations: how the sandbox declares them has changed", served)
	}
}
