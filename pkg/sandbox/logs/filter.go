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
// with or without quotes; or JSON conditions, `{ $.id = "r-1" && $.n = 3 }`,
// with = and != and * in strings. What else CloudWatch Logs knows is refused.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func parseFilter(text string) (func(line string) bool, error) {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		inner, ok = strings.CutSuffix(inner, "}")
		if !ok {
			return nil, errors.New("no } at the end")
		}
		return parseJSONFilter(inner)
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

// A condition holds one member of a JSON line against a value.
type condition struct {
	path, value string
	not         bool
}

func parseJSONFilter(text string) (func(line string) bool, error) {
	shape := regexp.MustCompile(`^\(?\s*\$\.([A-Za-z0-9_.-]+)\s*(!?=)\s*("[^"]*"|[^\s"()]+)\s*\)?$`)
	var all []condition
	for _, part := range strings.Split(text, "&&") {
		m := shape.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			return nil, fmt.Errorf("%q is not in the sandbox", strings.TrimSpace(part))
		}
		all = append(all, condition{m[1], strings.Trim(m[3], `"`), m[2] == "!="})
	}
	return func(line string) bool {
		if !gjson.Valid(line) {
			return false
		}
		for _, c := range all {
			v := gjson.Get(line, c.path)
			if !v.Exists() || wildcard.Match(c.value, v.String()) == c.not {
				return false
			}
		}
		return true
	}, nil
}
