package template_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/eventbridge"
)

// Each recorded event is one that exactly the named rules send on; all others none.
func TestRulesMatchTheirEvents(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"launch-unsuccessful-2016": "LaunchUnsuccessful", "launch-unsuccessful-kms": "LaunchUnsuccessful", "launch-successful": "LaunchSuccessful",
		"create-group": "GroupCreated", "image-available": "ImageChanged", "image-failed": "ImageChanged", "image-deregistered": "ImageChanged",
		"own-write-copy": "OwnWrites", "own-write-foreign-grant": "OwnWrites", "own-write-group": "OwnWrites", "own-write-policy": "OwnWrites",
		"own-write-retired": "OwnWrites", "own-write-role": "OwnWrites", "own-write-version": "OwnWrites",
	}
	events, err := filepath.Glob(filepath.Join("..", "..", "pkg", "activity", "testdata", "events", "*.json"))
	if err != nil || len(events) == 0 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	got := map[string]string{}
	for _, file := range events {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		for _, rule := range ofType("AWS::Events::Rule") {
			pattern := resources().Get(rule + ".Properties.EventPattern").Raw
			out, err := new(eventbridge.Service).TestEventPattern(t.Context(), &sdk.TestEventPatternInput{EventPattern: &pattern, Event: new(string(text))})
			if err != nil {
				t.Fatalf("%s: %v", rule, err)
			}
			if out.Result {
				got[name] = strings.TrimSpace(got[name] + " " + rule)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("which rules send on which events (-want +got):\n%s", diff)
	}
}
