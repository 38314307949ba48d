package keypolicy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"keymend/pkg/keypolicy"
)

func TestParseReadsEveryForm(t *testing.T) {
	t.Parallel()
	d := parse(t, `{"Version":"2012-10-17","Id":"key-default-1","Statement":{
		"Sid":"Allow use of the key","Effect":"Allow","NotPrincipal":{"AWS":"111122223333","Service":["ec2.amazonaws.com"],"Federated":"f","CanonicalUser":"c"},
		"NotAction":"kms:Decrypt","NotResource":["arn:aws:kms:*"],"Extra":1,
		"Condition":{"Bool":{"kms:GrantIsForAWSResource":true},"NumericLessThan":{"x":[3,"4"]}}}}`)
	want := []keypolicy.Statement{{
		Sid: "Allow use of the key", Effect: "Allow",
		NotPrincipal: &keypolicy.Principal{AWS: []string{"111122223333"}, Service: []string{"ec2.amazonaws.com"}, Federated: []string{"f"}, CanonicalUser: []string{"c"}},
		NotAction:    []string{"kms:Decrypt"}, NotResource: []string{"arn:aws:kms:*"},
		Condition: []keypolicy.Condition{
			{Operator: "Bool", Key: "kms:GrantIsForAWSResource", Values: []string{"true"}},
			{Operator: "NumericLessThan", Key: "x", Values: []string{"3", "4"}},
		},
		Unknown: []string{"Extra"},
	}}
	if diff := cmp.Diff(want, d.Statements(), cmpopts.IgnoreUnexported(keypolicy.Statement{})); diff != "" {
		t.Error(diff)
	}
	if d.Version() != "2012-10-17" {
		t.Errorf("version %q", d.Version())
	}
}

func TestParseWithoutVersionIsTheOldLanguage(t *testing.T) {
	t.Parallel()
	if v := parse(t, `{"Statement":[]}`).Version(); v != "2008-10-17" {
		t.Errorf("version %q", v)
	}
}

func TestParseTellsAnEmptyListFromNone(t *testing.T) {
	t.Parallel()
	s := parse(t, `{"Statement":[{"Action":[],"Principal":"*"}]}`).Statements()[0]
	if s.Action == nil || len(s.Action) != 0 || s.NotAction != nil || !s.Principal.Any() {
		t.Errorf("%+v", s)
	}
}

func TestParseRefusesAndSaysWhere(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ raw, want string }{
		"empty":               {``, "unexpected end of JSON input"},
		"not JSON":            {`{"Statement":[}`, "byte 15"},
		"two values":          {`{"Statement":[]} {}`, "byte 18"},
		"a list":              {`[]`, "policy at byte 0: must be an object"},
		"no statement":        {`{"Version":"2012-10-17"}`, "has no Statement"},
		"statement is text":   {`{"Statement":"x"}`, "Statement at byte 13: must be an object"},
		"second is a number":  {`{"Statement":[{},7]}`, "Statement[1] at byte 17: must be an object"},
		"member twice":        {`{"Statement":[{"Action":"a","Action":"b"}]}`, `Statement[0].Action at byte 37: "Action" is there twice`},
		"member twice, coded": {`{"Statement":[{"Action":"a","\u0041ction":"b"}]}`, `is there twice`},
		"operator twice":      {`{"Statement":[{"Condition":{"Bool":{"a":"b"},"Bool":{"c":"d"}}}]}`, `Statement[0].Condition.Bool at byte 52: "Bool" is there twice`},
		"condition key twice": {`{"Statement":[{"Condition":{"Bool":{"a":"b","a":"d"}}}]}`, `Condition.Bool.a at byte 48`},
		"condition null":      {`{"Statement":[{"Condition":{"Bool":{"a":null}}}]}`, `must be a string, a number or a boolean`},
		"condition nested":    {`{"Statement":[{"Condition":{"Bool":{"a":[["b"]]}}}]}`, `Condition.Bool.a[0]`},
		"principal text":      {`{"Statement":[{"Principal":"arn:aws:iam::1:root"}]}`, `must be "*" or an object`},
		"principal kind":      {`{"Statement":[{"Principal":{"Aws":"x"}}]}`, `no kind of principal`},
		"action number":       {`{"Statement":[{"Action":["kms:*",4]}]}`, `Statement[0].Action[1] at byte 33: must be a string`},
		"sid list":            {`{"Statement":[{"Sid":["x"]}]}`, `Statement[0].Sid at byte 21: must be a string`},
		"too deep":            {strings.Repeat("[", 20000), "exceeded max depth"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := keypolicy.Parse(tc.raw)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, %v; want %q", d, err, tc.want)
			}
		})
	}
}

func TestStatementName(t *testing.T) {
	t.Parallel()
	s := parse(t, `{"Statement":[{},{"Sid":"Enable Root"}]}`).Statements()
	if s[0].Name() != "#0" || s[1].Name() != `#1 "Enable Root"` {
		t.Errorf("%s, %s", s[0].Name(), s[1].Name())
	}
}
