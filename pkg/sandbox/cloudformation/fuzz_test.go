package cloudformation_test

import "testing"

// FuzzLoad holds that a template is loaded or refused, whatever it says.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::Sub":"${B.Arn}/${!C}/${AWS::Region}"}}},"B":{"Type":"U"}}}`,
		`{"Resources":{"A":{"Type":"T","DependsOn":["A"]}}}`,
		`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::Join":["",[{"Ref":"A"},1,null]]}}}}}`,
		`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::GetAtt":[1,2]}}}},"Parameters":{"P":{"Default":[]}}}`,
		`{"Mappings":{"M":{"a":{"b":1}}},"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::Sub":["${m}",{"m":{"Fn::FindInMap":["M","a","b"]}}]}}}}}`,
		`{"Resources":null}`, `[]`, `{"Resources":{"A":{"Type":"T","DependsOn":"none"}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		made, err := load(text, nil)
		seen := map[string]bool{}
		for _, r := range made {
			if seen[r.LogicalID] {
				t.Errorf("%s was made twice", r.LogicalID)
			}
			seen[r.LogicalID] = true
		}
		if err != nil && err.Error() == "" {
			t.Error("an error that says nothing")
		}
	})
}
