package signal_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"keymend/pkg/signal"
)

// FuzzDecode: it never panics, answers with one of its two errors or with a signal
// of a rule's whose names are sound, and takes account and Region from the envelope.
func FuzzDecode(f *testing.F) {
	for _, event := range samples(f) {
		f.Add(event)
	}
	f.Add([]byte(`{"schema":true}`))
	f.Add([]byte(`{"detail-type":"AWS API Call via CloudTrail","source":"aws.kms","account":"111122223333","region":"eu-west-1","detail":{"eventSource":"kms.amazonaws.com","eventName":"DisableKey"}}`))
	f.Add([]byte(`{"detail-type":"AWS API Call via CloudTrail","source":"aws.ec2","account":"000000000000","region":"aa-aa-0","detail":{"eventSource":"ec2","eventName":"CreateLaunchTemplateVersion","requestParameters":{"CreateLaunchTemplateVersionRequest":{"LaunchTemplateId":"` + "\xf9" + `"}}}}`))
	names := map[string]bool{signal.Looks{}.Name(): true, signal.Looks{Follow: &signal.Follow{}}.Name(): true} // which Keymend sends itself
	for _, r := range signal.Rules() {
		names[r.Signal] = true
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		got, err := signal.Decode(event, "keymend-")
		if err != nil {
			var ignored *signal.Ignored
			var malformed *signal.Malformed
			if !errors.As(err, &ignored) && !errors.As(err, &malformed) {
				t.Fatalf("an error of another type: %v", err)
			}
			if got != nil {
				t.Fatalf("an error and a signal: %+v", got)
			}
			return
		}
		if e := envelope(t, got); len(e.Account) != 12 || e.Region == "" || !names[got.Name()] {
			t.Fatalf("unsound: %+v", got)
		}
		if look, ok := lookOf(got); ok && (string(look.Why) != got.Name() || signal.Why(got.Name()).Known() != look.Why || look.Group == "" || len([]rune(look.Group)) > 255) {
			t.Fatalf("unsound: %+v", look)
		}
		if ask, ok := got.(signal.Looks); ok && ask.Fresh {
			text, err := json.Marshal(ask)
			back, wrong := signal.Decode(text, "keymend-")
			if looks, ok := back.(signal.Looks); err != nil || wrong != nil || !ok || back.Name() != got.Name() || looks.Fresh || ask.Same() != looks.Same() {
				t.Fatalf("unsound: %s, %v, %v", text, err, wrong)
			}
		}
		if looks, ok := got.(signal.Looks); ok && looks.Users == nil && (len(looks.Looks()) == 0 || looks.Looks()[0].Group == "" || string(looks.Looks()[0].Why) != looks.Name()) {
			t.Fatalf("unsound: %+v", looks)
		}
		if w, ok := got.(signal.OwnWrite); ok && (w.Role == "" || !strings.Contains(w.Action, ":")) {
			t.Fatalf("unsound: %+v", w)
		}
		if i, ok := got.(signal.ImageChanged); ok && !strings.HasPrefix(i.Image, "ami-") {
			t.Fatalf("unsound: %+v", i)
		}
	})
}
