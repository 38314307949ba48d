package activity_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/activity"
)

// TestDecodeGolden holds what is made of each kind of event.
func TestDecodeGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no events", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			event, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := told(t, event)
			golden := strings.TrimSuffix(file, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
		})
	}
}

func told(t *testing.T, event []byte) string {
	t.Helper()
	f, err := activity.Decode(event)
	if err != nil {
		return err.Error() + "\n"
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// TestDecodeMalformed holds that the error says what is wrong, and where.
func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	event := func(old, replacement string) string {
		const sound = `{"source":"aws.autoscaling","detail-type":"EC2 Instance Launch Unsuccessful","account":"111122223333","region":"eu-west-1","detail":{"AutoScalingGroupName":"web"}}`
		if !strings.Contains(sound, old) {
			t.Fatalf("%s isn't in the event", old)
		}
		return strings.Replace(sound, old, replacement, 1)
	}
	for name, tc := range map[string]struct{ event, where, what string }{
		"cut":               {`{"source":`, "", "is not JSON"},
		"list":              {`[1]`, "", "is an array, not an object"},
		"no account":        {event(`"account":"111122223333",`, ""), "account", "is missing"},
		"short account":     {event("111122223333", "12"), "account", "is not an account id of 12 digits"},
		"account a number":  {event(`"111122223333"`, "111122223333"), "account", "is a number, not a string"},
		"account with more": {event("111122223333", "111122223333 "), "account", "is not an account id of 12 digits"},
		"region an ARN":     {event("eu-west-1", "arn:aws:x"), "region", "is not a Region's name"},
		"no detail":         {event(`,"detail":{"AutoScalingGroupName":"web"}`, ""), "detail", "is missing"},
		"detail a string":   {event(`{"AutoScalingGroupName":"web"}`, `"x"`), "detail", "is a string, not an object"},
		"no group":          {event(`"AutoScalingGroupName":"web"`, ""), "detail.AutoScalingGroupName", "is missing"},
		"empty group":       {event(`"web"`, `""`), "detail.AutoScalingGroupName", "is empty"},
		"group an object":   {event(`"web"`, `{}`), "detail.AutoScalingGroupName", "is an object, not a string"},
		"group null":        {event(`"web"`, `null`), "detail.AutoScalingGroupName", "is null, not a string"},
		"long group":        {event(`web`, strings.Repeat("é", 256)), "detail.AutoScalingGroupName", "has more than 255 characters"},
		"control character": {event(`web`, `a\u0000b`), "detail.AutoScalingGroupName", "holds control characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := activity.Decode([]byte(tc.event))
			var malformed *activity.Malformed
			if !errors.As(err, &malformed) || malformed.Where != tc.where || malformed.What != tc.what {
				t.Errorf("got %v, want %q %q", err, tc.where, tc.what)
			}
		})
	}
	if f, err := activity.Decode([]byte(event("web", strings.Repeat("é", 255)))); err != nil || len(f.Group) != 510 {
		t.Errorf("the longest name: %v", err)
	}
}

// TestDecodeToleratesOtherTypes holds that a member which nothing hangs on may
// be of any type.
func TestDecodeToleratesOtherTypes(t *testing.T) {
	t.Parallel()
	f, err := activity.Decode([]byte(`{"source":"aws.autoscaling","detail-type":"EC2 Instance Launch Unsuccessful","account":"111122223333","region":"eu-west-1","time":"yyyy-mm-ddThh:mm:ssZ","id":7,"detail":{"AutoScalingGroupName":"web","StatusMessage":{"a":1},"Details":[1],"EC2InstanceId":null}}`))
	want := activity.Failure{Signal: activity.LaunchUnsuccessful, Account: "111122223333", Region: "eu-west-1", Group: "web"}
	if err != nil || f != want {
		t.Errorf("got %+v, %v", f, err)
	}
}

// FuzzDecode: it never panics, answers with one of its two errors or with a
// failure whose names are sound, and takes account and Region from the envelope.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		event, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(event)
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		got, err := activity.Decode(event)
		if err != nil {
			var ignored *activity.Ignored
			var malformed *activity.Malformed
			if !errors.As(err, &ignored) && !errors.As(err, &malformed) {
				t.Fatalf("an error of another type: %v", err)
			}
			if got != (activity.Failure{}) {
				t.Fatalf("an error and a failure: %+v", got)
			}
			return
		}
		about := 0
		for _, is := range []bool{got.Group != "", got.Image != "", got.Write != nil} {
			if is {
				about++
			}
		}
		if len(got.Account) != 12 || got.Region == "" || about != 1 || len([]rune(got.Group)) > 255 || got.Signal == "" {
			t.Fatalf("unsound: %+v", got)
		}
		if w := got.Write; w != nil && (got.Signal != activity.OwnWrite || w.Role == "" || !strings.Contains(w.Action, ":")) {
			t.Fatalf("unsound: %+v", w)
		}
	})
}
