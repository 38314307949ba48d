package keypolicy

import (
	"slices"
	"testing"

	"keymend/pkg/slr"
)

func TestGrantOperationsAreTheRoles(t *testing.T) {
	t.Parallel()
	ours := slices.Sorted(slices.Values(grantOperations()))
	if want := slr.Operations(); !slices.Equal(ours, want) {
		t.Errorf("%v, want %v", ours, want)
	}
}
