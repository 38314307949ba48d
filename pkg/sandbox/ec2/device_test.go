package ec2

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

// TestForeignSnapshots holds the rows of AWS's table that the handlers can't
// reach until images can be shared.
func TestForeignSnapshots(t *testing.T) {
	t.Parallel()
	foreign := &types.Snapshot{OwnerId: new("444455556666"), Encrypted: new(true), KmsKeyId: new("S")}
	plain := &types.Snapshot{OwnerId: new("444455556666"), Encrypted: new(false)}
	for name, tc := range map[string]struct {
		device    device
		source    *types.Snapshot
		byDefault bool
		want      need
	}{
		"encrypted":             {device{}, foreign, false, need{"D", "S"}},
		"encrypted, by default": {device{}, foreign, true, need{"D", "S"}},
		"encrypted, Encrypted":  {device{encrypted: true}, foreign, false, need{"D", "S"}},
		"encrypted, key":        {device{encrypted: true, key: "K"}, foreign, false, need{"K", "S"}},
		"plain":                 {device{}, plain, false, need{}},
		"plain, by default":     {device{}, plain, true, need{"D", ""}},
		"plain, key":            {device{encrypted: true, key: "K"}, plain, false, need{"K", ""}},
	} {
		got, err := decide(tc.device, tc.source, settings{account: "111122223333", byDefault: tc.byDefault, defaultKey: "D"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(need{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
