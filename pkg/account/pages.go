package account

import "context"

// A Pager is one of the SDK's paginators.
type Pager[Page, Options any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*Options)) (*Page, error)
}

// EveryPage reads all pages of a list, and returns what is on them.
func EveryPage[Page, Options, Item any](ctx context.Context, pages Pager[Page, Options], of func(*Page) []Item) ([]Item, error) {
	var out []Item
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, of(page)...)
	}
	return out, nil
}
