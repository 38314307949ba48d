package keypolicy_test

import (
	"testing"

	"keymend/pkg/keypolicy"
)

func TestEqual(t *testing.T) {
	t.Parallel()
	one := func(statement string) string {
		return `{"Version":"2012-10-17","Statement":[` + statement + `]}`
	}
	for name, tc := range map[string]struct {
		a, b string
		want bool
	}{
		"white space":          {one(`{"Sid":"a"}`), "{ \"Version\" : \"2012-10-17\",\n\"Statement\" : [ { \"Sid\":\"a\" } ] }", true},
		"object or list":       {one(`{"Sid":"a"}`), `{"Version":"2012-10-17","Statement":{"Sid":"a"}}`, true},
		"statement order":      {one(`{"Sid":"a"},{"Sid":"b"}`), one(`{"Sid":"b"},{"Sid":"a"}`), true},
		"principal order":      {one(`{"Principal":{"AWS":["a","b"]}}`), one(`{"Principal":{"AWS":["b","a"]}}`), true},
		"principal twice":      {one(`{"Principal":{"AWS":["a","b","a"]}}`), one(`{"Principal":{"AWS":["b","a"]}}`), true},
		"string or list":       {one(`{"Action":"kms:*","Resource":["*"]}`), one(`{"Action":["kms:*"],"Resource":"*"}`), true},
		"account id or root":   {one(`{"Principal":{"AWS":"111122223333"}}`), one(`{"Principal":{"AWS":"arn:aws:iam::111122223333:root"}}`), true},
		"star or AWS star":     {one(`{"Principal":"*"}`), one(`{"Principal":{"AWS":"*"}}`), true},
		"boolean or string":    {one(`{"Condition":{"Bool":{"k":true}}}`), one(`{"Condition":{"Bool":{"k":["true"]}}}`), true},
		"number or string":     {one(`{"Condition":{"NumericEquals":{"k":3}}}`), one(`{"Condition":{"NumericEquals":{"k":"3"}}}`), true},
		"action case":          {one(`{"Action":"kms:decrypt"}`), one(`{"Action":"kms:Decrypt"}`), true},
		"condition key case":   {one(`{"Condition":{"Bool":{"aws:X":"1"}}}`), one(`{"Condition":{"Bool":{"aws:x":"1"}}}`), true},
		"condition order":      {one(`{"Condition":{"Bool":{"a":"1"},"Null":{"b":"1"}}}`), one(`{"Condition":{"Null":{"b":"1"},"Bool":{"a":"1"}}}`), true},
		"not the same account": {one(`{"Principal":{"AWS":"111122223333"}}`), one(`{"Principal":{"AWS":"111122223334"}}`), false},
		"effect":               {one(`{"Effect":"Allow"}`), one(`{"Effect":"Deny"}`), false},
		"sid":                  {one(`{"Sid":"a"}`), one(`{"Sid":"b"}`), false},
		"version":              {`{"Version":"2012-10-17","Statement":[]}`, `{"Version":"2008-10-17","Statement":[]}`, false},
		"no version":           {`{"Statement":[]}`, `{"Version":"2008-10-17","Statement":[]}`, true},
		"a statement more":     {one(`{"Sid":"a"}`), one(`{"Sid":"a"},{"Sid":"a"}`), false},
		"principal or not":     {one(`{"Principal":{"AWS":"a"}}`), one(`{"NotPrincipal":{"AWS":"a"}}`), false},
		"kind of principal":    {one(`{"Principal":{"AWS":"a"}}`), one(`{"Principal":{"Service":"a"}}`), false},
		"action or not":        {one(`{"Action":"a"}`), one(`{"NotAction":"a"}`), false},
		"empty or none":        {one(`{"Action":[]}`), one(`{}`), false},
		"empty condition":      {one(`{"Condition":{}}`), one(`{}`), true},
		"values side by side":  {one(`{"Condition":{"Bool":{"k":["1","2"]}}}`), one(`{"Condition":{"Bool":{"k":"1\",\"2"}}}`), false},
		"principal case":       {one(`{"Principal":{"AWS":"role/A"}}`), one(`{"Principal":{"AWS":"role/a"}}`), false},
		"condition value case": {one(`{"Condition":{"StringEquals":{"k":"A"}}}`), one(`{"Condition":{"StringEquals":{"k":"a"}}}`), false},
		"unknown member":       {one(`{"Note":1}`), one(`{"Note":2}`), false},
		"unknown, top":         {`{"Statement":[],"Note":1}`, `{"Statement":[]}`, false},
		"same, not a policy":   {`x`, `x`, true},
		"other, not a policy":  {`x`, `y`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := keypolicy.Equal(tc.a, tc.b); got != tc.want {
				t.Errorf("Equal = %v, want %v", got, tc.want)
			}
			da, errA := keypolicy.Digest(tc.a)
			db, errB := keypolicy.Digest(tc.b)
			if errA == nil && errB == nil && (da == db) != tc.want {
				t.Errorf("digests %s and %s, want equal: %v", da, db, tc.want)
			}
		})
	}
}

// A digest is stored in messages and audit records: it must not change with the
// code.
func TestDigestIsStable(t *testing.T) {
	t.Parallel()
	got, err := keypolicy.Digest(`{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}]}`)
	const want = "aa3312ad13f55a22b9c82331f885d852c1f68982fd9a2d14449a549e5e35584a"
	if err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	if _, err := keypolicy.Digest(`{}`); err == nil {
		t.Error("a digest of what isn't a policy")
	}
}
