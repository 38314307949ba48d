package command_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/keypolicy"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// TestHealAndUndo is a person's way through: look, fix, look again, undo.
func TestHealAndUndo(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	log := filepath.Join(w.dir, "audit.jsonl")
	before := w.policy("alias/platform-ebs")

	w.run("", "diagnose", "web-prod").want(t, 3, "web-prod can't launch: ", "").want(t, 3, "also no other group uses this key", "")
	if w.policy("alias/platform-ebs") != before {
		t.Fatal("looking changed the policy")
	}
	w.run("", "diagnose", "web-prod", "--apply", "--audit-file", log).want(t, 0, "is open to AWSServiceRoleForAutoScaling now", "")
	if keypolicy.Equal(w.policy("alias/platform-ebs"), before) {
		t.Fatal("the policy is as it was")
	}
	w.box.Advance(15 * time.Minute)
	w.run("", "diagnose", "web-prod").want(t, 0, "web-prod is healthy: ", "")
	w.run("", "diagnose", "web-prod", "--apply", "--audit-file", log).want(t, 0, "Nothing changed.", "")

	id := remediation(t, log)
	w.run("", "undo", id, "--file", log).want(t, 3, "Nothing changed.", "")
	if keypolicy.Equal(w.policy("alias/platform-ebs"), before) {
		t.Fatal("saying what undo would do undid it")
	}
	w.run("", "undo", id, "--file", log, "--output", "json").want(t, 3, `"remediationId":"`+id+`"`, "")
	w.run("", "undo", id, "--file", log, "--apply", "--audit-file", log).want(t, 0, "is undone", "")
	if got := w.policy("alias/platform-ebs"); got != before {
		t.Errorf("the policy isn't as it was: %s", got)
	}
	w.run("", "undo", id, "--file", log).want(t, 0, "already", "")
	w.run("", "undo", id, "--audit-file", log).want(t, 0, "already", "")
}

// remediation returns the id of the one remediation in a file of records.
func remediation(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	phases := map[record.Phase]int{}
	id := ""
	for line := range strings.Lines(string(text)) {
		var r record.Record
		must(t, json.Unmarshal([]byte(line), &r))
		phases[r.Phase]++
		if r.Phase == record.Result {
			id = r.RemediationID
		}
	}
	if phases[record.Intent] != 1 || phases[record.Result] != 1 || id == "" {
		t.Fatalf("the audit file has %v, want one intent and one outcome", phases)
	}
	return id
}

// TestUndoGrant takes back a grant, where the policy belongs to code.
func TestUndoGrant(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	w.tag("alias/platform-ebs", "aws:cloudformation:stack-name", "platform")
	w.tag("alias/platform-ebs", "owner", "terraform")
	t.Setenv("KEYMEND_OWNERSHIP_TAGS", "owner")
	log := filepath.Join(w.dir, "audit.jsonl")
	w.run("", "diagnose", "web-prod", "--apply", "--audit-file", log).want(t, 0, "1 grant", "")
	id := remediation(t, log)
	w.run("", "undo", id, "--file", log).want(t, 3, "would be revoked", "")
	w.run("", "undo", id, "--file", log, "--apply", "--audit-file", filepath.Join(w.dir, "second.jsonl")).want(t, 0, "is undone", "")
	w.run("", "undo", id, "--file", log).want(t, 0, "gone already", "")
}

// TestRefused: a person's word doesn't outweigh the key owner's.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	w.tag("alias/platform-ebs", "keymend", "ignore")
	log := filepath.Join(w.dir, "audit.jsonl")
	before := w.policy("alias/platform-ebs")
	w.run("", "diagnose", "web-prod").want(t, 4, "refused ", "")
	w.run("", "diagnose", "web-prod", "--apply", "--audit-file", log).want(t, 4, "refused ", "")
	if w.policy("alias/platform-ebs") != before {
		t.Error("the policy changed")
	}
}

// TestAppliesUnenrolled: who asks at a terminal consents for the own account's
// keys.
func TestAppliesUnenrolled(t *testing.T) {
	w := newWorld(t)
	w.seed("not-enrolled")
	log := filepath.Join(w.dir, "audit.jsonl")
	w.run("", "diagnose", "payments").want(t, 3, "keymend diagnose payments --apply", "")
	w.run("", "diagnose", "payments", "--apply", "--audit-file", log).want(t, 0, "the change stands", "")
}

// TestSwitchOff: the switch stops a person's writes too, where one is named.
func TestSwitchOff(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	t.Setenv("KEYMEND_SWITCH_PARAMETER", "/keymend/switch")
	before := w.policy("alias/platform-ebs")
	w.run("", "diagnose", "web-prod", "--apply", "--audit-file", filepath.Join(w.dir, "a")).want(t, 4, "/keymend/switch", "")
	if w.policy("alias/platform-ebs") != before {
		t.Error("the policy changed")
	}
}

func TestDiagnoseJSON(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	s := w.run("", "diagnose", "web-prod", "--output", "json").want(t, 3, "", "")
	var r record.Record
	must(t, json.Unmarshal([]byte(s.out), &r))
	if r.Schema != record.Schema || r.Phase != record.Finding || r.Outcome != outcome.Fixable || r.Group != "web-prod" || r.Version != "test" || r.Settings == "" || r.Time.IsZero() {
		t.Errorf("the record is %+v", r)
	}
}

// TestDiagnoseFails holds what a person is told where it can't be done.
func TestDiagnoseFails(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	w.run("", "diagnose", "web-prood").want(t, 2, "", "no group web-prood in account 111122223333, Region eu-west-1")
	_, err := autoscaling.NewFromConfig(w.cfg).DeleteAutoScalingGroup(t.Context(), &autoscaling.DeleteAutoScalingGroupInput{
		AutoScalingGroupName: new("web-prod"), ForceDelete: new(true)})
	must(t, err)
	w.run("", "diagnose", "web-prod").want(t, 2, "", "web-prod")
	w.run("", "diagnose", "web-prod", "--apply", "--audit-file", filepath.Join(w.dir, "no", "such", "dir")).want(t, 2, "", "nothing is changed")

	t.Setenv("KEYMEND_OWN_KEY", "perhaps")
	w.run("", "diagnose", "web-prod").want(t, 2, "", "KEYMEND_OWN_KEY")
	t.Setenv("KEYMEND_OWN_KEY", "")

	for _, at := range []string{"127.0.0.1:8470", "http//nowhere", "http://a b", "ftp://h"} {
		w.run("", "diagnose", "web-prod", "--endpoint-url", at).want(t, 2, "", "is no endpoint")
	}
	w.run("", "sandbox", "--listen", strings.TrimPrefix(w.url, "http://")).want(t, 2, "", "listens there already")
	for answer, hint := range map[string]string{
		"503 ": "try again in a minute", "403 <ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature not yet current</Message></Error></ErrorResponse>": "clock of this machine",
	} {
		code, body, _ := strings.Cut(answer, " ")
		status, err := strconv.Atoi(code)
		must(t, err)
		server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
			out.WriteHeader(status)
			_, _ = out.Write([]byte(body))
		}))
		w.run("", "diagnose", "web-prod", "--endpoint-url", server.URL).want(t, 1, "", hint)
		server.Close()
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	w.run("", "diagnose", "web-prod").want(t, 1, "", "Nothing answers there")
	w.run("", "diagnose", "web-prod", "--endpoint-url", w.url).want(t, 2, "", "no group web-prod")
	t.Setenv("AWS_REGION", "")
	w.run("", "diagnose", "web-prod").want(t, 2, "", "--region")
	w.run("", "diagnose", "web-prod", "--region", "eu-west-1", "--profile", "nobody").want(t, 2, "", "nobody")
	w.environment(nil)
	w.run("", "diagnose", "web-prod", "--region", "eu-west-1").want(t, 2, "", "aws sts get-caller-identity")
}

func (w *world) tag(alias, key, value string) {
	w.t.Helper()
	client := kms.NewFromConfig(w.cfg)
	meta, err := client.DescribeKey(w.t.Context(), &kms.DescribeKeyInput{KeyId: &alias})
	must(w.t, err)
	_, err = client.TagResource(w.t.Context(), &kms.TagResourceInput{KeyId: meta.KeyMetadata.KeyId, Tags: []kmstypes.Tag{{TagKey: &key, TagValue: &value}}})
	if err != nil && !strings.HasPrefix(key, "aws:") {
		w.t.Fatal(err)
	}
}
