package slr_test

import (
	"slices"
	"strings"
	"testing"

	"keymend/pkg/slr"
)

const account = "111122223333"

func TestRoles(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]bool{
		slr.ARN("aws", account, ""):                           true,
		slr.ARN("aws-cn", account, "payments"):                true,
		slr.ARN("aws", account, strings.Repeat("x", 35)):      true,
		slr.ARN("aws", account, strings.Repeat("x", 36)):      false,
		slr.ARN("aws", account, "a/b"):                        false,
		slr.ARN("mars", account, ""):                          false,
		slr.ARN("aws", "444455556666", ""):                    false,
		slr.ARN("aws", account, "") + "\n":                    false,
		slr.Spot("aws", account):                              false,
		"arn:aws:iam::" + account + ":role/admin":             false,
		"arn:aws:iam::" + account + ":user/AWSServiceRoleFor": false,
		"": false,
	} {
		if slr.Is(role, account) != want {
			t.Errorf("%q: %v", role, !want)
		}
	}
	if slr.Is(slr.ARN("aws", "", ""), "") {
		t.Error("a role of no account")
	}
	if !slr.IsSpot(slr.Spot("aws-cn", account), account) || slr.IsSpot(slr.ARN("aws", account, ""), account) || slr.IsSpot("", "") {
		t.Error("the Spot role isn't told from others")
	}
	for role, want := range map[string]string{slr.ARN("aws", account, "x"): slr.AutoScaling, slr.Spot("aws", account): "spot.amazonaws.com", "arn:aws:iam::1:role/x": ""} {
		if got := slr.Service(role); got != want {
			t.Errorf("%s: %s", role, got)
		}
	}
	if ops := slr.Operations(); len(ops) != 8 || !slices.IsSorted(ops) {
		t.Error(ops)
	}
}
