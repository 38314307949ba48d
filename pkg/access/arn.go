package access

import (
	"strings"

	"keymend/pkg/arn"
)

// roleIn returns path and name of a role's ARN: "aws-service-role/x/" and "Name".
func roleIn(a arn.ARN) (path, name string, ok bool) {
	rest, ok := strings.CutPrefix(a.Resource, "role/")
	if !ok || a.Service != "iam" {
		return "", "", false
	}
	i := strings.LastIndexByte(rest, '/') + 1
	return rest[:i], rest[i:], true
}

// sessionIn returns role name and session name of an assumed role's ARN. It has
// no path.
func sessionIn(a arn.ARN) (role, session string, ok bool) {
	rest, ok := strings.CutPrefix(a.Resource, "assumed-role/")
	if !ok || a.Service != "sts" {
		return "", "", false
	}
	role, session, ok = strings.Cut(rest, "/")
	return role, session, ok
}

// accountOf returns the account that a principal in a policy stands for as a
// whole: an account id, or the account's root ARN.
func accountOf(principal string) (account string, ok bool) {
	if arn.IsAccount(principal) {
		return principal, true
	}
	a, ok := arn.Parse(principal)
	return a.Account, ok && a.Service == "iam" && a.Resource == "root" && arn.IsAccount(a.Account)
}
