package keypolicy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/keypolicy"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	in := func(old, new string) string { return document(strings.Replace(root, old, new, 1)) }
	for name, tc := range map[string]struct {
		raw  string
		want []string // statement and reason
	}{
		"nothing":               {document(root, both(list(slr))), nil},
		"dead role":             {in(`"arn:aws:iam::111122223333:root"`, `["111122223333","AROAEXAMPLEEXAMPLE123"]`), []string{`#0 "EnableRoot" dead-principal`}},
		"dead user":             {in("arn:aws:iam::111122223333:root", "AIDACKCEVSQ6C2EXAMPLE"), []string{`#0 "EnableRoot" dead-principal`}},
		"dead in NotPrincipal":  {in(`"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`, `"NotPrincipal":{"AWS":"AROAEXAMPLEEXAMPLE123"}`), []string{`#0 "EnableRoot" dead-principal`}},
		"no action":             {in(`"Action":"kms:*",`, ``), []string{`#0 "EnableRoot" no-valid-action`}},
		"empty action":          {in(`"kms:*"`, `[]`), []string{`#0 "EnableRoot" no-valid-action`}},
		"action of EC2":         {in(`"kms:*"`, `["kms:*","ec2:*"]`), []string{`#0 "EnableRoot" no-valid-action`}},
		"NotAction":             {in(`"Action":"kms:*"`, `"NotAction":"kms:Sign"`), nil},
		"any action":            {in(`"kms:*"`, `"*"`), nil},
		"action in capitals":    {in(`"kms:*"`, `"KMS:Sign"`), nil},
		"no resource":           {in(`,"Resource":"*"`, ``), []string{`#0 "EnableRoot" no-valid-resource`}},
		"resource is the key":   {in(`"Resource":"*"`, `"Resource":"arn:aws:kms:eu-west-1:111122223333:key/1"`), []string{`#0 "EnableRoot" no-valid-resource`}},
		"NotResource":           {in(`"Resource":"*"`, `"NotResource":"*"`), []string{`#0 "EnableRoot" no-valid-resource`}},
		"no principal":          {in(`"Principal":{"AWS":"arn:aws:iam::111122223333:root"},`, ``), []string{`#0 "EnableRoot" no-valid-principal`}},
		"empty principal":       {in(`{"AWS":"arn:aws:iam::111122223333:root"}`, `{}`), []string{`#0 "EnableRoot" no-valid-principal`}},
		"Action and NotAction":  {in(`"Action"`, `"NotAction":"kms:Sign","Action"`), []string{`#0 "EnableRoot" no-valid-action`}},
		"both principals":       {in(`"Principal"`, `"NotPrincipal":"*","Principal"`), []string{`#0 "EnableRoot" no-valid-principal`}},
		"principal by its name": {in("arn:aws:iam::111122223333:root", "root"), []string{`#0 "EnableRoot" no-valid-principal`}},
		"account id":            {in("arn:aws:iam::111122223333:root", "111122223333"), nil},
		"wildcard in principal": {in("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/*"), []string{`#0 "EnableRoot" no-valid-principal`}},
		"effect":                {in(`"Allow"`, `"allow"`), []string{`#0 "EnableRoot" no-valid-effect`}},
		"unknown member":        {in(`"Effect"`, `"Note":1,"Effect"`), []string{`#0 "EnableRoot" unknown-member`}},
		"unknown member, top":   {`{"Note":1,"Statement":[` + root + `]}`, []string{" unknown-member"}},
		"duplicate Sid":         {document(root, root), []string{`#1 "EnableRoot" duplicate-sid`}},
		"no Sid twice":          {document(strings.Replace(root, `"Sid":"EnableRoot",`, "", 1), strings.Replace(root, `"Sid":"EnableRoot",`, "", 1)), nil},
		"version":               {`{"Version":"2020-01-01","Statement":[` + root + `]}`, []string{" unknown-version"}},
		"no statement":          {`{"Statement":[]}`, []string{" no-valid-action"}},
		"character":             {in("EnableRoot", "Enable→Root"), []string{" character"}},
		"latin character":       {in("EnableRoot", "Für alle"), nil},
		"32,768 bytes":          {pad(document(root), 32768), nil},
		"32,769 bytes":          {pad(document(root), 32769), []string{" too-long"}},
		"several":               {document(strings.Replace(root, "arn:aws:iam::111122223333:root", "AIDACKCEVSQ6C2EXAMPLE", 1), strings.Replace(root, `,"Resource":"*"`, ``, 1)), []string{`#0 "EnableRoot" dead-principal`, `#1 "EnableRoot" duplicate-sid`, `#1 "EnableRoot" no-valid-resource`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, r := range keypolicy.Refusals(parse(t, tc.raw)) {
				if r.Text == "" {
					t.Errorf("%s has no text", r.Reason)
				}
				got = append(got, r.Statement+" "+string(r.Reason))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func pad(raw string, size int) string { return raw + strings.Repeat(" ", size-len(raw)) }

func TestIsUniqueID(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"AROARSNYOUG3BVO636KMQ": true, "AIDACKCEVSQ6C2EXAMPLE": true,
		"": false, "AROA": false, "111122223333": false, "arn:aws:iam::111122223333:root": false,
		"AROARSNYOUG3BVO636KMQ:session": false, "aroarsnyoug3bvo636kmq": false, "ASIARSNYOUG3BVO636KMQ": false,
	} {
		if got := keypolicy.IsUniqueID(name); got != want {
			t.Errorf("IsUniqueID(%q) = %v", name, got)
		}
	}
}
