package coverage_test

import (
	"encoding/json"
	"strings"
	"testing"

	"keymend/pkg/coverage"
	"keymend/pkg/quote"
)

func placed(t quote.Task) string { return t.Command + " # " + t.Account }

// What trails are good for, by their selectors; what mends one goes on logging all that
// it logs now.
func TestTrails(t *testing.T) {
	t.Parallel()
	basic := func(text string) coverage.Selectors {
		return coverage.Selectors{Basic: list[coverage.BasicSelector](t, text)}
	}
	advanced := func(text string) coverage.Selectors {
		return coverage.Selectors{Advanced: list[coverage.AdvancedSelector](t, `[{"Name":"a","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}`+text+`]}]`)}
	}
	for name, tc := range map[string]struct {
		selectors coverage.Selectors
		want      string
		mended    string // of what is put in place
	}{
		"all":             {basic(`[{"ReadWriteType":"All","IncludeManagementEvents":true}]`), "logs", ""},
		"nothing said":    {basic(`[{}]`), "logs", ""},
		"writes":          {basic(`[{"ReadWriteType":"WriteOnly"}]`), "logs", ""},
		"another is left": {basic(`[{"ExcludeManagementEventSources":["rdsdata.amazonaws.com"]}]`), "logs", ""},
		"by two":          {basic(`[{"IncludeManagementEvents":false},{"ReadWriteType":"All"}]`), "logs", ""},
		"reads": {basic(`[{"ReadWriteType":"ReadOnly","IncludeManagementEvents":true}]`), "part",
			`[{"ExcludeManagementEventSources":[],"IncludeManagementEvents":true,"ReadWriteType":"All"}]`},
		"no KMS": {basic(`[{"ReadWriteType":"All","ExcludeManagementEventSources":["kms.amazonaws.com","rdsdata.amazonaws.com"]}]`), "part",
			`[{"ExcludeManagementEventSources":["rdsdata.amazonaws.com"],"IncludeManagementEvents":true,"ReadWriteType":"All"}]`},
		"data only": {basic(`[{"ReadWriteType":"ReadOnly","IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]`), "part",
			`[{"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}],"IncludeManagementEvents":false,"ReadWriteType":"ReadOnly"},{"ExcludeManagementEventSources":[],"IncludeManagementEvents":true,"ReadWriteType":"All"}]`},
		"none":                  {coverage.Selectors{}, "part", `[{"ExcludeManagementEventSources":[],"IncludeManagementEvents":true,"ReadWriteType":"All"}]`},
		"advanced":              {advanced(``), "logs", ""},
		"advanced, writes":      {advanced(`,{"Field":"readOnly","Equals":["false"]}`), "logs", ""},
		"advanced, another out": {advanced(`,{"Field":"eventSource","NotEquals":["rdsdata.amazonaws.com"]}`), "logs", ""},
		"advanced, reads": {advanced(`,{"Field":"readOnly","Equals":["true"]}`), "part",
			`[{"FieldSelectors":[{"Equals":["Management"],"Field":"eventCategory"}],"Name":"Management events"}]`},
		"advanced, no KMS": {advanced(`,{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}`), "part",
			`[{"FieldSelectors":[{"Equals":["Management"],"Field":"eventCategory"}],"Name":"Management events"}]`},
		"advanced, one source": {advanced(`,{"Field":"eventSource","Equals":["ec2.amazonaws.com"]}`), "part",
			`[{"FieldSelectors":[{"Equals":["Management"],"Field":"eventCategory"}],"Name":"Management events"}]`},
		"advanced, data": {coverage.Selectors{Advanced: list[coverage.AdvancedSelector](t, `[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]}]}]`)}, "part",
			`[{"FieldSelectors":[{"Equals":["Data"],"Field":"eventCategory"}]},{"FieldSelectors":[{"Equals":["Management"],"Field":"eventCategory"}],"Name":"Management events"}]`},
	} {
		f := whole(t, nil, "", "eu-west-1")
		f.Trails.Is[0].Selectors.Is = tc.selectors
		row := expect(t, nil).Row(f)
		if row.Trail != tc.want || (tc.mended == "") != (len(row.Holes) == 0) {
			t.Errorf("%s: %s, %+v", name, row.Trail, row.Holes)
		}
		if tc.mended != "" && !strings.Contains(row.Holes[0].Run[0].Command, " '"+tc.mended+"' ") {
			t.Errorf("%s: %s, want %s", name, row.Holes[0].Run[0].Command, tc.mended)
		}
	}
}

func list[T any](t *testing.T, text string) []T {
	t.Helper()
	var out []T
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// The best trail counts. What an organization's logs, only its own account may see.
func TestTheBestTrailCounts(t *testing.T) {
	t.Parallel()
	stopped := logs()
	stopped.Logging.Is = false
	theirs := logs()
	theirs.Organization, theirs.Selectors = true, coverage.Answer[coverage.Selectors]{Problem: "TrailNotFoundException"}
	mine := theirs
	mine.Organization = false
	for name, tc := range map[string]struct {
		trails []coverage.Trail
		want   string
		holes  int
	}{
		"one of two":                {[]coverage.Trail{stopped, logs()}, "logs", 0},
		"the organization's":        {[]coverage.Trail{stopped, theirs}, "logs, what isn't seen", 0},
		"both":                      {[]coverage.Trail{theirs, logs()}, "logs", 0},
		"its own, unseen":           {[]coverage.Trail{mine}, "", 1},
		"its own, unseen, and good": {[]coverage.Trail{mine, logs()}, "logs", 0},
		"stopped":                   {[]coverage.Trail{stopped}, "stopped", 1},
	} {
		f := whole(t, nil, "", "eu-west-1")
		f.Trails.Is = tc.trails
		if row := expect(t, nil).Row(f); row.Trail != tc.want || len(row.Holes) != tc.holes {
			t.Errorf("%s: %q, %+v", name, row.Trail, row.Holes)
		}
	}
}
