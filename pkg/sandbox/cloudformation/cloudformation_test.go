package cloudformation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/cloudformation"
)

type maker struct{ made []cloudformation.Resource }

func (m *maker) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	if r.Type == "AWS::S3::Bucket" {
		return cloudformation.Made{}, fmt.Errorf("not in the sandbox")
	}
	m.made = append(m.made, r)
	return cloudformation.Made{Ref: "ref-" + r.LogicalID, Attributes: map[string]string{"Arn": "arn:" + r.LogicalID}}, nil
}

func load(text string, params map[string]string) ([]cloudformation.Resource, error) {
	m := &maker{}
	err := cloudformation.Load([]byte(text), "111122223333", "eu-west-1", params, m)
	return m.made, err
}

func TestLoad(t *testing.T) {
	t.Parallel()
	got, err := load(`{"Parameters":{"Mode":{"Default":"observe"},"Days":{"Default":7}},"Resources":{
		"A":{"Type":"T","DependsOn":["C"],"Properties":{
			"Ref":{"Ref":"B"},"Arn":{"Fn::GetAtt":["B","Arn"]},"Mode":{"Ref":"Mode"},"Days":{"Ref":"Days"},
			"Sub":{"Fn::Sub":"${AWS::Partition}/${AWS::AccountId}/${B}/${B.Arn}/${!Literal}"},
			"Join":{"Fn::Join":["-",["x",{"Ref":"AWS::Region"}]]},"Plain":{"List":[1,true,"s"]}}},
		"B":{"Type":"U"},
		"C":{"Type":"V"}}}`, map[string]string{"Mode": "enforce"})
	if err != nil {
		t.Fatal(err)
	}
	order := ""
	for _, r := range got {
		order += r.LogicalID
	}
	if order != "CBA" {
		t.Errorf("made in the order %s", order)
	}
	want := map[string]any{
		"Ref": "ref-B", "Arn": "arn:B", "Mode": "enforce", "Days": "7",
		"Sub": "aws/111122223333/ref-B/arn:B/${Literal}", "Join": "x-eu-west-1",
		"Plain": map[string]any{"List": []any{1.0, true, "s"}},
	}
	if d := cmp.Diff(want, got[2].Properties); d != "" {
		t.Error(d)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, says string }{
		"not JSON":          {`{`, "unexpected end"},
		"unknown type":      {`{"Resources":{"A":{"Type":"AWS::S3::Bucket"}}}`, "AWS::S3::Bucket"},
		"unknown function":  {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::If":["a","b","c"]}}}}}`, "Fn::If"},
		"dangling Ref":      {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Ref":"B"}}}}}`, `"B"`},
		"dangling GetAtt":   {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::GetAtt":"B.Arn"}}}}}`, `"B"`},
		"no such attribute": {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::Sub":"${B.Name}"}}},"B":{"Type":"T"}}}`, `"Name"`},
		"circle":            {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Ref":"B"}}},"B":{"Type":"T","DependsOn":"A"}}}`, "itself"},
		"no such parameter": {`{"Resources":{}}`, `"Extra"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			params := map[string]string{}
			if name == "no such parameter" {
				params["Extra"] = "x"
			}
			_, err := load(tc.text, params)
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("err = %v, want it to say %q", err, tc.says)
			}
		})
	}
}
