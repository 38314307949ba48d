package conformance_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A schema is AWS's description of one event (testdata/schemas/README.md).
type schema struct {
	Source     string `json:"source"`
	DetailType string `json:"detail-type"`
	Detail     any    `json:"detail"`
}

// A member is one that the sandbox sends and AWS's registry doesn't know.
type member struct {
	Event  string `json:"event"`  // pattern over "aws.kms@AWS API Call via CloudTrail"
	Member string `json:"member"` // pattern over the path in detail; "" = the event itself
	Source string `json:"source"` // who says that AWS sends it
	used   bool
}

// A registry judges events.
type registry struct {
	schemas map[string]schema // by source@detail-type
	more    []*member
}

func readRegistry(t *testing.T) *registry {
	t.Helper()
	var all map[string]schema
	readJSON(t, filepath.Join("testdata", "schemas", "events.json"), &all)
	r := &registry{schemas: map[string]schema{}}
	for _, s := range all {
		r.schemas[s.Source+"@"+s.DetailType] = s
	}
	readJSON(t, filepath.Join("testdata", "schemas", "more.json"), &r.more)
	return r
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	must(t, err)
	must(t, json.Unmarshal(text, into))
}

// judge returns what an event has that AWS's event would not have, or lacks.
func (r *registry) judge(event map[string]any) []string {
	name := fmt.Sprintf("%v@%v", event["source"], event["detail-type"])
	found := envelope(event)
	s, ok := r.schemas[name]
	if !ok {
		if !r.listed(name, "") {
			found = append(found, "the event is neither in the registry nor listed")
		}
		return prefixed(name, found)
	}
	// What the registry knows of an API call is what AWS saw of some calls.
	strict := s.DetailType != "AWS API Call via CloudTrail"
	found = append(found, r.compare(name, "", s.Detail, event["detail"], strict)...)
	return prefixed(name, found)
}

func prefixed(name string, all []string) []string {
	for i := range all {
		all[i] = name + ": " + all[i]
	}
	return all
}

// envelope checks what every event has:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
func envelope(event map[string]any) []string {
	var found []string
	for _, name := range []string{"version", "id", "detail-type", "source", "account", "time", "region"} {
		if s, ok := event[name].(string); !ok || s == "" {
			found = append(found, fmt.Sprintf("%s is %v", name, event[name]))
		}
	}
	if _, ok := event["resources"].([]any); !ok {
		found = append(found, fmt.Sprintf("resources is %v", event["resources"]))
	}
	for name := range event {
		if !slices.Contains([]string{"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}, name) {
			found = append(found, name+" is no member of an event")
		}
	}
	return found
}

// compare holds a value to its type.
func (r *registry) compare(event, where string, kind, v any, strict bool) []string {
	if object, ok := kind.(map[string]any); ok {
		if element, ok := object["array"]; ok {
			return r.elements(event, where, element, v, strict)
		}
		return r.members(event, where, object["object"].(map[string]any), v, strict)
	}
	if !fits(kind.(string), v) {
		return []string{fmt.Sprintf("%s is %T %v, AWS's is a %s", where, v, v, kind)}
	}
	return nil
}

func fits(kind string, v any) bool {
	ok := false
	switch kind {
	case "string":
		_, ok = v.(string)
	case "boolean":
		_, ok = v.(bool)
	case "number":
		_, ok = v.(float64)
	case "integer":
		var n float64
		n, ok = v.(float64)
		ok = ok && n == math.Trunc(n)
	case "json":
		ok = true
	}
	return ok
}

func (r *registry) elements(event, where string, element, v any, strict bool) []string {
	list, ok := v.([]any)
	if !ok {
		return []string{fmt.Sprintf("%s is %T, AWS's is an array", where, v)}
	}
	var found []string
	for _, m := range list {
		found = append(found, r.compare(event, where+"[]", element, m, strict)...)
	}
	return found
}

func (r *registry) members(event, where string, known map[string]any, v any, strict bool) []string {
	object, ok := v.(map[string]any)
	if !ok {
		if v == nil && !strict {
			return nil // CloudTrail writes null for "nothing"
		}
		return []string{fmt.Sprintf("%s is %T, AWS's is an object", where, v)}
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		at := strings.TrimPrefix(where+"."+name, ".")
		kind, ok := known[name]
		if !ok {
			kind, ok = known[name+"?"]
		}
		if ok {
			found = append(found, r.compare(event, at, kind, object[name], strict)...)
		} else if !r.listed(event, at) {
			found = append(found, at+" is neither in the registry nor listed with a source")
		}
	}
	for name := range known {
		if _, ok := object[name]; strict && !ok && !strings.HasSuffix(name, "?") {
			found = append(found, strings.TrimPrefix(where+"."+name, ".")+" is missing")
		}
	}
	return found
}

// listed finds a member that is listed, and marks it used.
func (r *registry) listed(event, at string) bool {
	listed := false
	for _, m := range r.more {
		ofEvent, err := path.Match(m.Event, event)
		if err != nil {
			panic(err)
		}
		ofMember, err := path.Match(m.Member, at)
		if err != nil {
			panic(err)
		}
		if ofEvent && ofMember {
			m.used, listed = true, true
		}
	}
	return listed
}

// The judge must find fault where there is fault.
func TestTheRegistryJudges(t *testing.T) {
	t.Parallel()
	r := readRegistry(t)
	r.more = nil
	got := r.judge(map[string]any{
		"version": "0", "id": "1", "detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2",
		"account": account, "time": "2026-03-02T09:00:00Z", "resources": []any{}, "odd": 1.0,
		"detail": map[string]any{"state": 1.0, "more": "x"},
	})
	want := []string{
		"region is <nil>", "odd is no member of an event", "more is neither in the registry nor listed with a source",
		"state is float64 1, AWS's is a string", "instance-id is missing",
	}
	if !slices.Equal(got, prefixed("aws.ec2@EC2 Instance State-change Notification", want)) {
		t.Errorf("got %q", got)
	}
}
