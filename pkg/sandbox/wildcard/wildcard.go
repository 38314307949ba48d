// Package wildcard matches the patterns of policies, event rules and log
// filters, in which * stands for any text.
package wildcard

import "strings"

// Match reports whether a text fits a pattern, in time linear to the text.
func Match(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	if last == 0 {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, parts[0])
	for _, part := range parts[1:last] {
		if ok {
			_, text, ok = strings.Cut(text, part)
		}
	}
	return ok && strings.HasSuffix(text, parts[last])
}
