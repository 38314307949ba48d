package record_test

import (
	"testing"

	"keymend/pkg/record"
)

// Queries are written as CloudWatch Logs takes them.
func TestPatterns(t *testing.T) {
	t.Parallel()
	one, two := record.Where("id", "f-*"), record.Where("verdict.gone", `a"b`)
	for want, q := range map[string]record.Query{
		`{ $.id = "f-*" }`:                                                  one,
		`{ $.schema = "keymend.audit/*" }`:                                  record.Any(),
		`{ ($.id = "f-*") && ($.verdict.gone = "a\"b") }`:                   one.And(two),
		`{ ($.id = "f-*") || ($.verdict.gone = "a\"b") || ($.id = "f-*") }`: one.Or(two, one),
	} {
		if got := q.Pattern(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
