package logs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"

	"keymend/pkg/sandbox/wildcard"
)

// parseFilter reads a filter pattern: nothing; terms that must all be there,
// with or without quotes; or a JSON condition, `{ $.id = "r-*" }`, with * for any
// text, or several, `{ ($.id = "r-*") && ($.phase = "intent") }` or with ||. What else CloudWatch Logs knows is refused.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func parseFilter(text string) (func(line string) bool, error) {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		inner, ok = strings.CutSuffix(inner, "}")
		if !ok {
			return nil, errors.New("no } at the end")
		}
		return parseCondition(strings.TrimSpace(inner))
	}
	term := regexp.MustCompile(`"([^"]*)"|(\S+)`)
	var terms []string
	for _, m := range term.FindAllStringSubmatch(text, -1) {
		if m[2] != "" && strings.ContainsAny(m[2][:1], "?-[%") {
			return nil, fmt.Errorf("%s is not in the sandbox", m[2])
		}
		terms = append(terms, m[1]+m[2])
	}
	return func(line string) bool {
		for _, t := range terms {
			if !strings.Contains(line, t) {
				return false
			}
		}
		return true
	}, nil
}

// parseCondition reads a condition on one member of a JSON line, or several in
// parentheses, joined by && (all hold) or by || (any does), which don't mix here.
func parseCondition(text string) (func(line string) bool, error) {
	if inner, joined := strings.CutPrefix(text, "("); joined {
		one, rest, closed := strings.Cut(inner, ")")
		if !closed {
			return nil, errors.New("no ) at the end")
		}
		first, err := parseCondition(strings.TrimSpace(one))
		rest = strings.TrimSpace(rest)
		if err != nil || rest == "" {
			return first, err
		}
		operator := rest[:min(len(rest), 2)]
		if operator != "&&" && operator != "||" || strings.Contains(rest, "&&") && strings.Contains(rest, "||") {
			return nil, fmt.Errorf("%q is not in the sandbox", text)
		}
		others, err := parseCondition(strings.TrimSpace(rest[2:]))
		return func(line string) bool {
			if operator == "||" {
				return first(line) || others(line)
			}
			return first(line) && others(line)
		}, err
	}
	shape := regexp.MustCompile(`^\$\.([A-Za-z0-9_.-]+)\s*=\s*("[^"]*"|[^\s"()]+)$`)
	m := shape.FindStringSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("%q is not in the sandbox", text)
	}
	path, want := m[1], strings.Trim(m[2], `"`)
	return func(line string) bool {
		v := gjson.Get(line, path)
		return gjson.Valid(line) && v.Exists() && wildcard.Match(want, v.String())
	}, nil
}
