package differential_test

import (
	"strings"
)

// aws makes a Principal of names under AWS.
func (m *maker) aws(names ...string) *principals {
	return &principals{kind: map[string]values{"AWS": *m.list(names...)}}
}

// myPrincipal takes hold of the principal directly.
func (m *maker) myPrincipal() *principals {
	p := m.q.principal
	switch m.r.IntN(10) {
	case 0:
		return &principals{bare: true}
	case 1:
		return m.aws("*")
	case 2:
		if p.SessionARN != "" {
			return m.aws(p.SessionARN)
		}
	case 3, 4:
		return m.aws(p.ARN, m.otherPrincipal())
	case 5:
		return m.aws("arn:aws:iam::"+accountB+":root", p.ARN)
	case 6:
		out := m.aws(p.ARN)
		out.kind["Service"] = *m.list("ec2.amazonaws.com")
		return out
	}
	return m.aws(p.ARN)
}

// rootPrincipal takes hold of an account: in most cases the principal's.
func (m *maker) rootPrincipal() *principals {
	account := choose(m, []int{80, 20}, accountA, accountB)
	if m.chance(50) {
		return m.aws(account)
	}
	return m.aws("arn:aws:iam::" + account + ":root")
}

// wrongPrincipal looks like ours and isn't.
func (m *maker) wrongPrincipal() *principals {
	p := m.q.principal
	name := p.ARN[strings.LastIndexByte(p.ARN, '/')+1:]
	switch m.r.IntN(14) {
	case 0:
		return &principals{kind: map[string]values{"Service": *m.list("autoscaling.amazonaws.com")}}
	case 1:
		return &principals{kind: map[string]values{"Federated": *m.list("cognito-identity.amazonaws.com")}}
	case 2:
		return &principals{kind: map[string]values{"CanonicalUser": *m.list(strings.Repeat("79a59df900b949e5", 4))}}
	case 3:
		return m.aws("AROADEADDEADDEADDEAD1", "AIDADEADDEADDEADDEAD1")
	case 4:
		return m.aws(roleARN(accountA, "", name+"x"), roleARN(accountA, "wrong/", name))
	case 5:
		return m.aws(roleARN(accountA, slrPath, slrName+"_other"))
	case 6:
		return m.aws(roleARN(accountA, "aws-service-role/spot.amazonaws.com/", "AWSServiceRoleForEC2Spot"))
	case 7:
		return m.aws(strings.Replace(p.ARN, accountA, accountB, 1))
	case 8:
		return m.aws(p.ARN[:len(p.ARN)-3] + "*")
	case 9:
		return m.aws(sessionARN(accountA, name, "another-session"))
	case 10:
		return m.rootPrincipal()
	case 11:
		return m.aws("arn:aws:iam::"+accountB+":root", "777788889999")
	}
	return m.aws(m.otherPrincipal(), m.otherPrincipal())
}

// otherPrincipal is someone else by name.
func (m *maker) otherPrincipal() string {
	return one(m, []string{
		roleARN(accountA, "", "deployer"),
		roleARN(accountA, "ci/", "runner"),
		roleARN(accountB, "", "admin"),
		"arn:aws:iam::" + accountA + ":user/ben",
		"arn:aws-cn" + strings.TrimPrefix(m.q.principal.ARN, "arn:aws"),
		"arn:aws:iam::" + accountB + ":user/people/ana",
		sessionARN(accountA, "deployer", "i-0123456789abcdef0"),
		roleARN(accountA, "aws-service-role/spot.amazonaws.com/", "AWSServiceRoleForEC2Spot"),
	})
}
