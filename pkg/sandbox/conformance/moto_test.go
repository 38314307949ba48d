package conformance_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keymend/pkg/sandbox/conformance/tool"
)

// An allowance is a difference between the sandbox and moto that is known.
type allowance struct {
	Calls  string `json:"calls"` // a pattern of path.Match over the call's id
	Path   string `json:"path"`  // likewise over the member's path; "error" for a refusal
	Reason string `json:"reason"`
	used   bool
}

// allows finds an allowance for a difference and marks it used.
func allows(all []*allowance, id, member string) bool {
	allowed := false
	for _, a := range all {
		call, err := path.Match(a.Calls, id)
		if err != nil {
			panic(err)
		}
		where, err := path.Match(a.Path, member)
		if err != nil {
			panic(err)
		}
		if call && where {
			a.used, allowed = true, true
		}
	}
	return allowed
}

// The sandbox and moto, asked the same by the same client, answer alike on the
// operations that moto does well; each difference is listed with its reason.
func TestMotoAnswersAlike(t *testing.T) {
	t.Parallel()
	motoEndpoint := tool.StartMoto(t, moto, account, isolated())
	box, endpoint := newSandbox(t)
	ours := &run{driver: startPython(t, endpoint), advance: box.Advance, answers: map[string]answer{}}
	theirs := &run{driver: startPython(t, motoEndpoint), advance: func(time.Duration) {}, answers: map[string]answer{}}
	text, err := os.ReadFile(filepath.Join("testdata", "moto-differences.json"))
	must(t, err)
	var known []*allowance
	must(t, json.Unmarshal(text, &known))
	for _, c := range readCalls(t, "moto-calls.json") {
		mine, moto := ours.do(t, c), theirs.do(t, c)
		if !expected(t, c, "the sandbox", mine) {
			continue
		}
		for _, d := range compareServers(mine, moto) {
			if member, _, _ := strings.Cut(d, ": "); !allows(known, c.ID, member) {
				t.Errorf("%s: %s", c, d)
			}
		}
	}
	for _, a := range known {
		if a.Reason == "" || !a.used {
			t.Errorf("the allowance for %s of %s is not needed, or has no reason", a.Path, a.Calls)
		}
	}
}

// compareServers compares but for times: moto lives in real time.
func compareServers(ours, theirs answer) []string {
	loose := &canonical{loose: true}
	a, b := loose.answer(ours), loose.answer(theirs)
	if (a.Error == nil) != (b.Error == nil) || a.Error != nil && a.Error.Code != b.Error.Code {
		return []string{fmt.Sprintf("error: the sandbox %v, moto %v", a.Error, b.Error)}
	}
	return differences(dated(a.Output), dated(b.Output), "the sandbox", "moto")
}
