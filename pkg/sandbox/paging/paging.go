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
