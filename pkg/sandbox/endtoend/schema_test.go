package endtoend_test

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/tidwall/gjson"

	"keymend/pkg/record"
)

// auditSchema is what every record is held to.
var auditSchema = sync.OnceValues(func() (*jsonschema.Schema, error) { //nolint:gochecknoglobals // read once for every world
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	return c.Compile("../../../docs/schemas/audit.schema.json")
})

// wantBySchema holds every record that the functions left to the schema. It also works
// when the test is over.
func (w *world) wantBySchema() {
	w.t.Helper()
	by, err := auditSchema()
	must(w.t, err)
	for _, name := range []string{"diagnose", "remediate"} {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(w.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/aws/lambda/keymend-" + name)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(context.Background())
			if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
				break
			}
			must(w.t, err)
			for _, e := range page.Events {
				if err := isRecord(by, *e.Message); err != nil {
					w.t.Errorf("a record isn't as docs/schemas/audit.schema.json has it: %v\n%s", err, *e.Message)
				}
			}
		}
	}
}

// isRecord passes over lines that aren't records.
func isRecord(by *jsonschema.Schema, line string) error {
	if gjson.Get(line, "schema").String() != record.Schema {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
	if err != nil {
		return err
	}
	return by.Validate(value)
}
