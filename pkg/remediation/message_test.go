package remediation_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/activity"
	"keymend/pkg/remediation"
)

func TestMessageSurvivesTheQueue(t *testing.T) {
	t.Parallel()
	w := newWorld()
	got := w.message(t)
	if diff := cmp.Diff(w.sent[0], got); diff != "" {
		t.Error(diff)
	}
	if got.Target != keyARN || got.FactsDigest == "" || len(got.FIFOGroup()) != 64 {
		t.Errorf("%+v", got)
	}
}

func TestDamagedMessages(t *testing.T) {
	t.Parallel()
	w := newWorld()
	text, err := json.Marshal(w.message(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"no JSON": `{`, "nothing": `{}`, "a list": `[]`,
		"schema":  strings.Replace(string(text), remediation.MessageSchema, "keymend.change/99", 1),
		"account": strings.Replace(string(text), `"account":"111122223333"`, `"account":"1"`, 1),
		"region":  strings.Replace(string(text), `"region":"eu-west-1"`, `"region":"../"`, 1),
		"group":   strings.Replace(string(text), `"group":"web-prod"`, `"group":""`, 1),
		"target":  strings.Replace(string(text), `"target":"arn:`, `"target":"x`, 1),
		"digest":  strings.Replace(string(text), `"digest":"`, `"digest":"X`, 1),
		"step":    strings.Replace(string(text), `"EditKeyPolicy"`, `"DeleteKey"`, 1),
	} {
		if bad == string(text) {
			t.Fatalf("%s: nothing was damaged", name)
		}
		if _, err := remediation.ReadMessage([]byte(bad)); !errors.Is(err, remediation.ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCollapse(t *testing.T) {
	t.Parallel()
	at := func(group string, s activity.Signal, id string, minute int) activity.Failure {
		return activity.Failure{Signal: s, EventID: id, Account: accountID, Region: region, Group: group, InstanceID: "i-" + id,
			Time: time.Date(2026, 11, 23, 9, minute, 0, 0, time.UTC)}
	}
	signals, members := remediation.Collapse([]activity.Failure{
		at("a", activity.GroupCreated, "1", 0), at("b", activity.LaunchUnsuccessful, "2", 5), at("a", activity.LaunchUnsuccessful, "3", 4),
		at("a", activity.LaunchSuccessful, "4", 6), at("a", activity.LaunchUnsuccessful, "5", 2),
	})
	if diff := cmp.Diff([][]int{{0, 2, 4}, {1}, {3}}, members); diff != "" {
		t.Fatal(diff)
	}
	if s := signals[0]; s.Signal != activity.LaunchUnsuccessful || s.EventID != "5" || len(s.EventIDs) != 3 || s.Group != "a" {
		t.Errorf("%+v", s)
	}
	if s := signals[2]; s.Signal != activity.LaunchSuccessful || len(s.Instances) != 1 {
		t.Errorf("%+v", s)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"schema":"keymend.change/1","account":"111122223333","region":"eu-west-1","group":"g","target":"arn:k","digest":"` +
		strings.Repeat("0", 64) + `","steps":[{"type":"CreateGrant","key":"arn:k","principal":"p","name":"n","operations":["Decrypt"],"why":""}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := remediation.ReadMessage(text)
		if err != nil {
			if !errors.Is(err, remediation.ErrMessage) {
				t.Errorf("error of no class: %v", err)
			}
			return
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := remediation.ReadMessage(again); err != nil {
			t.Errorf("%s: %v", again, err)
		}
	})
}
