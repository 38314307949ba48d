package remediation_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/apply/table"
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
		if _, err := remediation.ReadMessage([]byte(bad), table.Kinds().Kinds()); !errors.Is(err, remediation.ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"schema":"keymend.change/1","account":"111122223333","region":"eu-west-1","group":"g","target":"` + keyARN + `","digest":"` +
		strings.Repeat("0", 64) + `","steps":[{"type":"CreateGrant","key":"` + keyARN + `","principal":"` + slr + `","name":"n","operations":["Decrypt"],"why":""}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := remediation.ReadMessage(text, table.Kinds().Kinds())
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
		if _, err := remediation.ReadMessage(again, table.Kinds().Kinds()); err != nil {
			t.Errorf("%s: %v", again, err)
		}
	})
}
