// Package paging cuts the sandbox's lists into pages, as AWS's Describe calls
// do.
package paging

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// ErrToken is returned for a token that no page gave out.
var ErrToken = errors.New("invalid pagination token")

const mark = "after:"

// A Rule is how a service pages.
type Rule struct {
	Usual   int   // how long a page is where the request doesn't say; 0 = no limit
	Most    int   // how long it may be; 0 = no limit
	Refusal error // the answer to a token that no page gave out
}

// Cut is Page by a service's rule.
func Cut[T any](all []T, limit *int32, token *string, r Rule) ([]T, *string, error) {
	n := r.Usual
	if limit != nil && *limit > 0 {
		n = int(*limit)
	}
	if r.Most > 0 {
		n = min(n, r.Most)
	}
	page, next, err := Page(all, n, token)
	if err != nil {
		return nil, nil, r.Refusal
	}
	return page, next, nil
}

// Page returns the part of all that a token stands for, at most limit long, and
// the token of the next part; nil where there is none. A nil or empty token is
// the beginning; a limit below 1 means no limit.
func Page[T any](all []T, limit int, token *string) ([]T, *string, error) {
	from, err := position(token, len(all))
	if err != nil {
		return nil, nil, err
	}
	if limit < 1 || from+limit >= len(all) {
		return all[from:], nil, nil
	}
	next := base64.RawURLEncoding.EncodeToString([]byte(mark + strconv.Itoa(from+limit)))
	return all[from : from+limit], &next, nil
}

// position reads a token. A list may have grown shorter since the token was
// given out: then the rest is empty.
func position(token *string, length int) (int, error) {
	if token == nil || *token == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil {
		return 0, ErrToken
	}
	digits, ours := strings.CutPrefix(string(raw), mark)
	from, err := strconv.Atoi(digits)
	if !ours || err != nil || from < 0 {
		return 0, ErrToken
	}
	return min(from, length), nil
}
