package keypolicy_test

import (
	"testing"

	"keymend/pkg/keypolicy"
)

const (
	slr    = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	slrTwo = slr + "_two"
)

func parse(t *testing.T, raw string) *keypolicy.Document {
	t.Helper()
	d, err := keypolicy.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAllowAddsTwoStatementsAndRevokeTakesThemAway(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"one statement": `{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`,
		"empty list":    `{ "Statement" : [ ] }`,
		"for people":    "{\n  \"Statement\" : [ {\n    \"Sid\" : \"A\"\n  }, {\n    \"Sid\" : \"B\"\n  } ]\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			add, err := keypolicy.Allow(parse(t, raw), slr)
			if err != nil {
				t.Fatal(err)
			}
			if len(add.Added) != 2 || add.Before != raw || add.After == raw {
				t.Fatalf("edit: %+v", add)
			}
			again, err := keypolicy.Allow(parse(t, add.After), slr)
			if err != nil || again.Before != again.After {
				t.Errorf("second time: %+v, %v", again, err)
			}
			more, err := keypolicy.Allow(parse(t, add.After), slrTwo)
			if err != nil {
				t.Fatal(err)
			}
			less, err := keypolicy.Revoke(parse(t, more.After), slrTwo)
			if err != nil || less.After != add.After {
				t.Errorf("revoke the second: %s, %v", less.After, err)
			}
			back, err := keypolicy.Revoke(parse(t, add.After), slr)
			if err != nil || back.After != raw {
				t.Errorf("revoke: %s, %v", back.After, err)
			}
		})
	}
}
