package signal_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/signal"
)

var update = flag.Bool("update", false, "write what is computed into testdata; then look at the diff") //nolint:gochecknoglobals // a flag

// TestDecodeGolden holds what each sample is decoded to, and the look it asks for.
func TestDecodeGolden(t *testing.T) {
	t.Parallel()
	for name, event := range samples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := told(t, event)
			golden := filepath.Join(events, name+".golden")
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
	s, err := signal.Decode(event, "keymend-")
	if err != nil {
		return err.Error() + "\n"
	}
	out := map[string]any{s.Name(): s}
	if look, ok := lookOf(s); ok {
		out["look"] = look
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}
