package access

import "strings"

// An arn is an ARN's parts. The last part may contain colons.
type arn struct {
	partition, service, region, account, resource string
}

func parseARN(s string) (arn, bool) {
	rest, ok := strings.CutPrefix(s, "arn:")
	var p [4]string
	for i := range p {
		if ok {
			p[i], rest, ok = strings.Cut(rest, ":")
		}
	}
	if !ok {
		return arn{}, false
	}
	return arn{p[0], p[1], p[2], p[3], rest}, true
}

func partitionOf(s string) string {
	a, _ := parseARN(s)
	return a.partition
}

// role returns path and name of a role's ARN: "aws-service-role/x/" and "Name".
func (a arn) role() (path, name string, ok bool) {
	rest, ok := strings.CutPrefix(a.resource, "role/")
	if !ok || a.service != "iam" {
		return "", "", false
	}
	i := strings.LastIndexByte(rest, '/') + 1
	return rest[:i], rest[i:], true
}

// session returns role name and session name of an assumed role's ARN. It has
// no path.
func (a arn) session() (role, session string, ok bool) {
	rest, ok := strings.CutPrefix(a.resource, "assumed-role/")
	if !ok || a.service != "sts" {
		return "", "", false
	}
	role, session, ok = strings.Cut(rest, "/")
	return role, session, ok
}

// accountOf returns the account that a principal in a policy stands for as a
// whole: an account id, or the account's root ARN.
func accountOf(principal string) (account string, ok bool) {
	if isAccountID(principal) {
		return principal, true
	}
	a, ok := parseARN(principal)
	return a.account, ok && a.service == "iam" && a.resource == "root" && isAccountID(a.account)
}

func isAccountID(s string) bool {
	const digits = 12
	return len(s) == digits && strings.Trim(s, "0123456789") == ""
}
