package keypolicy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/keypolicy"
)

const (
	slr    = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	slrTwo = slr + "_two"
	root   = `{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
)

// use and createGrant are the two statements as Keymend writes them.
func use(sid, principal string) string {
	return fmt.Sprintf(`{"Sid":%q,"Effect":"Allow","Principal":{"AWS":%s},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}`, sid, principal)
}

func createGrant(sid, principal string) string {
	return fmt.Sprintf(`{"Sid":%q,"Effect":"Allow","Principal":{"AWS":%s},"Action":["kms:CreateGrant"],"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}`, sid, principal)
}

func both(principal string) string {
	return use("KeymendUse", principal) + "," + createGrant("KeymendCreateGrant", principal)
}

func list(names ...string) string {
	for i := range names {
		names[i] = fmt.Sprintf("%q", names[i])
	}
	return "[" + strings.Join(names, ",") + "]"
}

func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func parse(t *testing.T, raw string) *keypolicy.Document {
	t.Helper()
	d, err := keypolicy.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// numbered returns n roles' names.
func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s_%d", slr, i)
	}
	return out
}

func TestAllow(t *testing.T) {
	t.Parallel()
	const dead = "AROAEXAMPLEEXAMPLE123"
	for name, tc := range map[string]struct{ before, after string }{
		"adds two":              {document(root), document(root, both(list(slr)))},
		"to an empty list":      {`{"Statement": [ ]}`, `{"Statement": [` + both(list(slr)) + ` ]}`},
		"wraps an object":       {`{"Statement":` + root + `}`, `{"Statement":[` + root + "," + both(list(slr)) + `]}`},
		"keeps indentation":     {"{\"Statement\":[\n  {\"Sid\":\"A\"},\n  {\"Sid\":\"B\"}\n]}", "{\"Statement\":[\n  {\"Sid\":\"A\"},\n  {\"Sid\":\"B\"},\n  " + use("KeymendUse", list(slr)) + ",\n  " + createGrant("KeymendCreateGrant", list(slr)) + "\n]}"},
		"extends":               {document(both(list(slrTwo))), document(both(list(slrTwo, slr)))},
		"extends a string":      {document(both(`"` + slrTwo + `"`)), document(both(`["` + slrTwo + `", "` + slr + `"]`))},
		"nothing to do":         {document(both(list(slr))), document(both(list(slr)))},
		"one is missing":        {document(use("KeymendUse", list(slr))), document(use("KeymendUse", list(slr)), createGrant("KeymendCreateGrant", list(slr)))},
		"takes the dead out":    {document(both(list(dead, slrTwo))), document(both(list(slrTwo, slr)))},
		"only the dead left":    {document(root, both(list(dead)), root), document(root, root, both(list(slr)))},
		"dead in a foreign one": {document(`{"Sid":"X","Principal":{"AWS":"` + dead + `"}}`), document(`{"Sid":"X","Principal":{"AWS":"`+dead+`"}}`, both(list(slr)))},
		"our Sid, altered": {
			document(strings.ReplaceAll(use("KeymendUse", list(slr)), "kms:DescribeKey", "kms:Describe*")),
			document(strings.ReplaceAll(use("KeymendUse", list(slr)), "kms:DescribeKey", "kms:Describe*"), use("KeymendUse2", list(slr)), createGrant("KeymendCreateGrant", list(slr))),
		},
		"our Sid and a number": {document(use("KeymendUse7", list(slrTwo)), createGrant("KeymendCreateGrant", list(slr))), document(use("KeymendUse7", list(slrTwo, slr)), createGrant("KeymendCreateGrant", list(slr)))},
		"number not ours":      {document(use("KeymendUse07", list(slr))), document(use("KeymendUse07", list(slr)), both(list(slr)))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := keypolicy.Allow(parse(t, tc.before), slr)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.after, e.After); diff != "" || e.Before != tc.before {
				t.Error(diff)
			}
		})
	}
}

func TestAllowTellsWhatItAdded(t *testing.T) {
	t.Parallel()
	e, err := keypolicy.Allow(parse(t, document(use("KeymendUse", list(slrTwo, "AROAEXAMPLEEXAMPLE123")))), slr)
	if err != nil {
		t.Fatal(err)
	}
	want := keypolicy.Edit{
		Before:  document(use("KeymendUse", list(slrTwo, "AROAEXAMPLEEXAMPLE123"))),
		After:   document(use("KeymendUse", list(slrTwo, slr)), createGrant("KeymendCreateGrant", list(slr))),
		Added:   []string{use("KeymendUse", list(slrTwo, slr)), createGrant("KeymendCreateGrant", list(slr))},
		Sids:    []string{"KeymendUse", "KeymendCreateGrant"},
		Removed: []string{"AROAEXAMPLEEXAMPLE123"},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
}

func TestAllowTakesTenRoles(t *testing.T) {
	t.Parallel()
	nine := parse(t, document(both(list(numbered(9)...))))
	e, err := keypolicy.Allow(nine, slr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keypolicy.Allow(parse(t, e.After), slrTwo); !errors.Is(err, keypolicy.ErrFull) {
		t.Errorf("the eleventh: %v", err)
	}
	if again, err := keypolicy.Allow(parse(t, e.After), slr); err != nil || again.After != again.Before {
		t.Errorf("the tenth again: %v", err)
	}
}

func TestAllowTakesOnlyServiceLinkedRoles(t *testing.T) {
	t.Parallel()
	for _, arn := range []string{
		"", "*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/deploy",
		"arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/*",
		"arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForEC2Spot",
		"arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForAutoScaling",
		"arn:aws:iam::111122223333:role/aws-service-role/spotfleet.amazonaws.com/AWSServiceRoleForEC2SpotFleet",
		slr + "_" + strings.Repeat("x", 36),
		"arn:aws:iam::1111:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
		slr + `","*`, slr + "\n", "AROAEXAMPLEEXAMPLE123",
		"arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling",
	} {
		if e, err := keypolicy.Allow(parse(t, document(root)), arn); err == nil {
			t.Errorf("%q: %+v", arn, e)
		}
	}
	for _, arn := range []string{slr, strings.Replace(slr, "arn:aws:", "arn:aws-cn:", 1), strings.Replace(slr, "arn:aws:", "arn:aws-us-gov:", 1)} {
		if _, err := keypolicy.Allow(parse(t, document(root)), arn); err != nil {
			t.Error(err)
		}
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ before, after string }{
		"whole statements":     {document(root, both(list(slr))), document(root)},
		"all there is":         {document(both(list(slr))), document()},
		"a single statement":   {`{"Statement":` + use("KeymendUse", list(slr)) + `}`, `{"Statement":[]}`},
		"others stay":          {document(both(list(slrTwo, slr, "arn:aws:iam::111122223333:role/by-hand"))), document(both(list(slrTwo, "arn:aws:iam::111122223333:role/by-hand")))},
		"the first":            {document(both(list(slr, slrTwo))), document(both(list(slrTwo)))},
		"twice in one":         {document(use("KeymendUse", list(slr, slr))), document()},
		"between others":       {document(root, use("KeymendUse", list(slr)), `{"Sid":"B"}`), document(root, `{"Sid":"B"}`)},
		"the role is deleted":  {document(root, both(list("AROAEXAMPLEEXAMPLE123"))), document(root)},
		"not there":            {document(root, both(list(slrTwo))), document(root, both(list(slrTwo)))},
		"ours in name only":    {document(`{"Sid":"KeymendUse","Principal":{"AWS":"` + slr + `"}}`), document(`{"Sid":"KeymendUse","Principal":{"AWS":"` + slr + `"}}`)},
		"another's statement":  {document(use("AllowSLR", list(slr))), document(use("AllowSLR", list(slr)))},
		"as KMS writes it":     {`{"Statement" : [ ` + root + `, ` + use("KeymendUse", `"`+slr+`"`) + ` ]}`, `{"Statement" : [ ` + root + ` ]}`},
		"every numbered one":   {document(use("KeymendUse", list(slr)), use("KeymendUse2", list(slr, slrTwo))), document(use("KeymendUse2", list(slrTwo)))},
		"extended from string": {document(both(`["` + slrTwo + `", "` + slr + `"]`)), document(both(`"` + slrTwo + `"`))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := keypolicy.Revoke(parse(t, tc.before), slr)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.after, e.After); diff != "" || e.Before != tc.before {
				t.Error(diff)
			}
		})
	}
}

func TestOwned(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		statement string
		want      bool
	}{
		"use":               {use("KeymendUse", list(slr)), true},
		"create grant":      {createGrant("KeymendCreateGrant", list(slr)), true},
		"numbered":          {use("KeymendUse2", list(slr)), true},
		"bare boolean":      {strings.Replace(createGrant("KeymendCreateGrant", list(slr)), `"true"`, `true`, 1), true},
		"other order":       {strings.Replace(use("KeymendUse", list(slr)), `"kms:Encrypt","kms:Decrypt"`, `"kms:Decrypt","kms:Encrypt"`, 1), true},
		"number one":        {use("KeymendUse1", list(slr)), false},
		"another Sid":       {use("Use", list(slr)), false},
		"longer Sid":        {use("KeymendUseful", list(slr)), false},
		"crossed":           {use("KeymendCreateGrant", list(slr)), false},
		"deny":              {strings.Replace(use("KeymendUse", list(slr)), "Allow", "Deny", 1), false},
		"everyone":          {use("KeymendUse", `"*"`), false},
		"no principal":      {use("KeymendUse", `[]`), false},
		"service as well":   {strings.Replace(use("KeymendUse", list(slr)), `"AWS"`, `"Service":"ec2.amazonaws.com","AWS"`, 1), false},
		"an action more":    {strings.Replace(use("KeymendUse", list(slr)), `"kms:Encrypt"`, `"kms:Encrypt","kms:Sign"`, 1), false},
		"without condition": {strings.Replace(createGrant("KeymendCreateGrant", list(slr)), `,"Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}`, "", 1), false},
		"a condition more":  {strings.Replace(use("KeymendUse", list(slr)), `"Resource"`, `"Condition":{"Bool":{"a":"b"}},"Resource"`, 1), false},
		"an unknown member": {strings.Replace(use("KeymendUse", list(slr)), `"Resource"`, `"Note":1,"Resource"`, 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := keypolicy.Owned(parse(t, document(tc.statement)).Statements()[0]); got != tc.want {
				t.Errorf("Owned = %v", got)
			}
		})
	}
}
