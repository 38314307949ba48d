package paging_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/sandbox/paging"
)

// TestPagesAreTheList holds that pages together are the list, whatever their
// length, and that only the last is short.
func TestPagesAreTheList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOf(rapid.Int()).Draw(t, "all")
		limit := rapid.IntRange(-1, 7).Draw(t, "limit")
		var got []int
		var token *string
		for {
			page, next, err := paging.Page(all, limit, token)
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, page...); next == nil {
				break
			}
			if len(page) != limit {
				t.Fatalf("a page of %d, want %d", len(page), limit)
			}
			token = next
		}
		if !slices.Equal(got, all) {
			t.Fatalf("pages are %v, the list %v", got, all)
		}
	})
}

// FuzzToken holds that no token breaks a list.
func FuzzToken(f *testing.F) {
	for _, token := range []string{"", "nonsense", "YWZ0ZXI6LTE", "YWZ0ZXI6OTk"} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		page, _, err := paging.Page([]int{1, 2, 3}, 2, &token)
		if err != nil && !errors.Is(err, paging.ErrToken) || len(page) > 2 {
			t.Errorf("token %q: %v, %v", token, page, err)
		}
	})
}
