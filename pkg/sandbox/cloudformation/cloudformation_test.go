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

func TestMappings(t *testing.T) {
	t.Parallel()
	got, err := load(`{"Mappings":{"Hub":{"eu-west-1":{"Region":"us-east-1"}}},"Resources":{"A":{"Type":"T","Properties":{
		"Sub":{"Fn::Sub":["${Region}/${AWS::Region}/${!Literal}",{"Region":{"Fn::FindInMap":["Hub",{"Ref":"AWS::Region"},"Region"]}}]}}}}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]any{"Sub": "us-east-1/eu-west-1/${Literal}"}, got[0].Properties); d != "" {
		t.Error(d)
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	const text = `{"Parameters":{"Names":{"Type":"CommaDelimitedList","Default":""}},
		"Conditions":{"Any":{"Fn::Not":[{"Condition":"None"}]},"None":{"Fn::Equals":[{"Fn::Join":["",{"Ref":"Names"}]},""]}},
		"Resources":{"A":{"Type":"T","Properties":{
			"List":["x",{"Fn::If":["Any",{"Ref":"Names"},{"Ref":"AWS::NoValue"}]}],"Gone":{"Fn::If":["None",{"Ref":"AWS::NoValue"},"here"]}}},
			"B":{"Type":"U","Condition":"Any"}}}`
	for names, want := range map[string]struct {
		made       int
		properties map[string]any
	}{
		"":     {1, map[string]any{"List": []any{"x"}}},
		"a, b": {2, map[string]any{"List": []any{"x", []any{"a", "b"}}, "Gone": "here"}},
	} {
		got, err := load(text, map[string]string{"Names": names})
		if err != nil || len(got) != want.made {
			t.Fatalf("%q: %v, %v", names, got, err)
		}
		if d := cmp.Diff(want.properties, got[0].Properties); d != "" {
			t.Errorf("%q: %s", names, d)
		}
	}
}

func TestAndOr(t *testing.T) {
	t.Parallel()
	const text = `{"Parameters":{"X":{"Default":""},"Y":{"Default":""}},
		"Conditions":{"x":{"Fn::Equals":[{"Ref":"X"},"1"]},"y":{"Fn::Equals":[{"Ref":"Y"},"1"]},
			"Both":{"Fn::And":[{"Condition":"x"},{"Condition":"y"}]},"Either":{"Fn::Or":[{"Condition":"x"},{"Condition":"y"}]}},
		"Resources":{"A":{"Type":"T","Condition":"Both"},"O":{"Type":"T","Condition":"Either"}}}`
	for _, tc := range []struct{ x, y, made string }{{"0", "0", ""}, {"1", "0", "O"}, {"0", "1", "O"}, {"1", "1", "AO"}} {
		got, err := load(text, map[string]string{"X": tc.x, "Y": tc.y})
		made := ""
		for _, r := range got {
			made += r.LogicalID
		}
		if err != nil || made != tc.made {
			t.Errorf("%s, %s: made %q, %v; want %q", tc.x, tc.y, made, err, tc.made)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, says string }{
		"not JSON":           {`{`, "unexpected end"},
		"unknown type":       {`{"Resources":{"A":{"Type":"AWS::S3::Bucket"}}}`, "AWS::S3::Bucket"},
		"unknown function":   {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::Select":["a","b"]}}}}}`, "Fn::Select"},
		"no such condition":  {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::If":["a","b","c"]}}}}}`, `"a"`},
		"half an Fn::If":     {`{"Conditions":{"a":{"Fn::Equals":["x","x"]}},"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::If":["a","b"]}}}}}`, "Fn::If"},
		"another condition":  {`{"Conditions":{"a":{"Fn::Contains":[]}},"Resources":{"A":{"Type":"T","Condition":"a"}}}`, "Fn::Contains"},
		"half an Fn::And":    {`{"Conditions":{"a":{"Fn::And":[{"Condition":"b"}]}},"Resources":{"A":{"Type":"T","Condition":"a"}}}`, "Fn::And"},
		"no part of Fn::Or":  {`{"Conditions":{"a":{"Fn::Or":[{"Condition":"b"},{"Condition":"b"}]}},"Resources":{"A":{"Type":"T","Condition":"a"}}}`, `"b"`},
		"no condition":       {`{"Conditions":{"a":true},"Resources":{"A":{"Type":"T","Condition":"a"}}}`, "one function"},
		"conditions' circle": {`{"Conditions":{"a":{"Condition":"a"}},"Resources":{"A":{"Type":"T","Condition":"a"}}}`, "itself"},
		"not there":          {`{"Conditions":{"a":{"Fn::Equals":["x","y"]}},"Resources":{"A":{"Type":"T","Condition":"a"},"B":{"Type":"T","Properties":{"X":{"Ref":"A"}}}}}`, "doesn't hold"},
		"dangling Ref":       {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Ref":"B"}}}}}`, `"B"`},
		"dangling GetAtt":    {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::GetAtt":"B.Arn"}}}}}`, `"B"`},
		"no such attribute":  {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::Sub":"${B.Name}"}}},"B":{"Type":"T"}}}`, `"Name"`},
		"no such mapping":    {`{"Mappings":{"M":{"a":{"b":"c"}}},"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::FindInMap":["M","a","d"]}}}}}`, "[M a d]"},
		"half a mapping":     {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::FindInMap":["M","a"]}}}}}`, "two keys"},
		"Fn::Sub of a list":  {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::Sub":["${B}"]}}}}}`, "Fn::Sub takes"},
		"circle":             {`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Ref":"B"}}},"B":{"Type":"T","DependsOn":"A"}}}`, "itself"},
		"no such parameter":  {`{"Resources":{}}`, `"Extra"`},
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
