package audit_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/tidwall/gjson"

	"keymend/pkg/activity"
	"keymend/pkg/apply/table"
	"keymend/pkg/record"
)

const schemaFile = "../../docs/schemas/audit.schema.json"

// schema is what every record is held to, with what it carries as text.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	s, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// constants returns the values of a package's constants of a type, in order.
func constants(t *testing.T, dir, typ string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			of, ok := spec.Type.(*ast.Ident)
			value, text := spec.Values[0].(*ast.BasicLit)
			if ok && text && of.Name == typ {
				said, err := strconv.Unquote(value.Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, said)
			}
			return true
		})
	}
	if len(out) == 0 {
		t.Fatalf("no constants of type %s in %s", typ, dir)
	}
	slices.Sort(out)
	return out
}

// TestSchemaHasTheClosedSets: each set of values is the code's, no more and no less.
func TestSchemaHasTheClosedSets(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var kinds, causes []string
	for _, k := range table.Kinds().Kinds() {
		kinds = append(kinds, k.Name)
	}
	for c := activity.None; c <= activity.InProgress; c++ {
		causes = append(causes, c.String())
	}
	signals := append(constants(t, "signal", "Why"), "own-write", "own-session", "sweep-full", "sweep-recent", "launch-successful", "")
	for path, want := range map[string][]string{
		"properties.phase.enum":                                constants(t, "record", "Phase"),
		"properties.outcome.enum":                              constants(t, "outcome", "Outcome"),
		"properties.signal.enum":                               signals,
		"properties.cause.enum":                                causes,
		"properties.mode.enum":                                 append(constants(t, "settings", "Mode"), ""),
		"properties.verdict.properties.reason.enum":            constants(t, "guard", "Reason"),
		"$defs.decision.enum":                                  {"Allowed", "Denied", "Unknown"},
		"$defs.plan.properties.half.enum":                      constants(t, "plan", "Half"),
		"$defs.plan.properties.noFix.properties.reason.enum":   constants(t, "plan", "NoFixReason"),
		"$defs.steps.contentSchema.items.properties.type.enum": kinds,
	} {
		var got []string
		for _, v := range gjson.GetBytes(text, path).Array() {
			got = append(got, v.String())
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s at %s (-code +schema):\n%s", schemaFile, path, diff)
		}
	}
}

// TestSchemaHasEveryField: a record's members are the schema's; those that are written
// always are required.
func TestSchemaHasEveryField(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var all, always []string
	for f := range reflect.TypeFor[record.Record]().Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if all = append(all, name); options == "" {
			always = append(always, name)
		}
	}
	slices.Sort(all)
	if diff := cmp.Diff(all, slices.Sorted(maps.Keys(gjson.GetBytes(text, "properties").Map()))); diff != "" {
		t.Errorf("%s (-code +schema):\n%s", schemaFile, diff)
	}
	var required []string
	for _, v := range gjson.GetBytes(text, "required").Array() {
		required = append(required, v.String())
	}
	if diff := cmp.Diff(always, required); diff != "" {
		t.Errorf("%s: required (-code +schema):\n%s", schemaFile, diff)
	}
}

// TestRecordedSamplesAreBySchema: the records that are kept, and those of the version
// before as they are written today.
func TestRecordedSamplesAreBySchema(t *testing.T) {
	t.Parallel()
	by := schema(t)
	for _, file := range []string{"testdata/records.jsonl", "../record/testdata/v1/records.jsonl"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range bytes.Lines(text) {
			r, ok, err := record.Parse(line, table.Kinds().Kinds())
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				continue
			}
			n++
			if gjson.GetBytes(line, "schema").String() != record.Schema {
				if line, err = r.Line(); err != nil {
					t.Fatal(err)
				}
			}
			if err := valid(by, line); err != nil {
				t.Errorf("%s: %v\n%s", file, err, line)
			}
		}
		if n == 0 {
			t.Errorf("%s has no record", file)
		}
	}
}

// TestSchemaRefuses: it can tell what is no record.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	by := schema(t)
	r := outcomeOf()
	r.Schema, r.Time, r.Version, r.Settings = record.Schema, now(), "v1", "s"
	good, err := r.Line()
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(by, good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"another outcome":       {`"outcome":"fixed"`, `"outcome":"done"`},
		"another member":        {`"outcome":"fixed"`, `"outcome":"fixed","more":1`},
		"no id":                 {`"id":"f-1",`, ``},
		"an intent's outcome":   {`"phase":"outcome"`, `"phase":"intent"`},
		"no reason of a guard":  {`"reason":"consented"`, `"reason":"because"`},
		"a list":                {`"eventIds":"e1\ne2"`, `"eventIds":["e1"]`},
		"a step of no kind":     {`{\"type\":\"RevokeGrant\"`, `{\"type\":\"Revoke\"`},
		"steps that aren't any": {`"steps":"[`, `"steps":"`},
		"no time":               {`"failed":"2026-`, `"failed":"`},
	} {
		if bad := strings.Replace(string(good), change[0], change[1], 1); bad == string(good) || valid(by, []byte(bad)) == nil {
			t.Errorf("%s is taken for a record: %s", name, bad)
		}
	}
}

func valid(by *jsonschema.Schema, line []byte) error {
	var value any
	if err := json.Unmarshal(line, &value); err != nil {
		return err
	}
	return by.Validate(value)
}
