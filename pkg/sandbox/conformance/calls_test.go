package conformance_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A call is one line of a committed sequence of calls.
type call struct {
	ID        string         `json:"id"`
	Service   string         `json:"service"`
	Operation string         `json:"operation"`
	Input     map[string]any `json:"input"`
	// Advance moves the sandbox's clock instead of calling.
	Advance string `json:"advance"`
	// Error is the code of the error that the call is there to show.
	Error string `json:"error"`
	// Some are members that the answer must have, as paths: that two clients
	// agree on nothing proves nothing.
	Some []string `json:"some"`
}

func (c call) String() string { return fmt.Sprintf("%s (%s:%s)", c.ID, c.Service, c.Operation) }

// readCalls reads a sequence; its members' values may hold references to
// earlier answers, as in "${key.KeyMetadata.KeyId}".
func readCalls(t *testing.T, name string) []call {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	must(t, err)
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	var calls []call
	must(t, d.Decode(&calls))
	return calls
}

// A run makes the calls of a sequence one after another against one server.
type run struct {
	driver  driver
	advance func(time.Duration)
	answers map[string]answer
}

// do makes one call and returns its answer; for an advance, an empty one.
func (r *run) do(t *testing.T, c call) answer {
	t.Helper()
	if c.Advance != "" {
		d, err := time.ParseDuration(c.Advance)
		must(t, err)
		r.advance(d)
		return answer{}
	}
	input, _ := r.resolve(t, c.Input).(map[string]any)
	a := r.driver.call(t, c.Service, c.Operation, input)
	if c.ID != "" {
		r.answers[c.ID] = a
	}
	return a
}

var reference = regexp.MustCompile(`\$\{([a-z0-9-]+)\.([^}]+)\}`)

// resolve puts earlier answers in place of references.
func (r *run) resolve(t *testing.T, v any) any {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		resolved := map[string]any{}
		for name, m := range v {
			resolved[name] = r.resolve(t, m)
		}
		return resolved
	case []any:
		resolved := make([]any, len(v))
		for i, m := range v {
			resolved[i] = r.resolve(t, m)
		}
		return resolved
	case string:
		return reference.ReplaceAllStringFunc(v, func(ref string) string {
			parts := reference.FindStringSubmatch(ref)
			found, ok := at(r.answers[parts[1]].Output, parts[2]).(string)
			if !ok {
				t.Fatalf("no %s in the answer to %s: %v", parts[2], parts[1], r.answers[parts[1]])
			}
			return found
		})
	}
	return v
}

// at returns what is at a path, or nil. Case is folded.
func at(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(in) {
				return nil
			}
			v = in[i]
		case map[string]any:
			v = nil
			for member, m := range in {
				if strings.EqualFold(member, name) {
					v = m
				}
			}
		default:
			return nil
		}
	}
	return v
}
