package organization_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"keymend/infra/cdkcontext"
	"keymend/infra/member"
	"keymend/infra/template"
)

// The tag says which template the roles are of: the same in every organization, since
// what its settings are stands in parameters only.
func TestTheTagIsTheSameInEveryOrganization(t *testing.T) {
	other := member.Props{Suffix: "payments", Resume: "20", Organization: cdkcontext.Organization{
		ID: "o-z9y8x7w6v5", Hub: "222200001111", Regions: []string{"us-east-1"}, HubRegions: []string{"us-east-1"}, ImageParameters: "/images/", PermissionsBoundary: "bound",
	}}
	texts, err := member.Synthesise(other)
	if err != nil {
		t.Fatal(err)
	}
	resources := func(text []byte) map[string]any {
		t.Helper()
		var out struct{ Resources map[string]any }
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return out.Resources
	}
	if !reflect.DeepEqual(resources([]byte(texts.Roles)), resources(template.MemberRoles())) {
		t.Error("the roles of another organization are others, or have another tag")
	}
	if !reflect.DeepEqual(resources([]byte(texts.Region)), resources(template.MemberRegion())) {
		t.Error("the rules of another organization are others")
	}
}
