package differential_test

import (
	"math/rand/v2"
	"strings"

	"keymend/pkg/access"
)

// The two accounts, and what stands in the ARNs.
const (
	accountA = "111122223333"
	accountB = "444455556666"
	keyID    = "1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"
	otherID  = "9a8b7c6d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"
	region   = "eu-west-1"
	slrPath  = "aws-service-role/autoscaling.amazonaws.com/"
	slrName  = "AWSServiceRoleForAutoScaling"
)

// A maker makes one question. Everything it decides comes from its source of
// randomness, so that seed and number name a question for good.
type maker struct {
	r *rand.Rand
	q question
}

// make returns the question of that number.
func makeQuestion(seed, number uint64) question {
	m := &maker{r: rand.New(rand.NewPCG(seed, number))}
	m.principal()
	m.key()
	m.q.operation = one(m, operations())
	m.q.context = m.makeContext()
	m.q.policy = m.keyPolicy()
	if !strings.Contains(m.q.principal.ARN, slrPath) {
		m.q.identity = m.identityPolicies()
		m.session()
	}
	if m.chance(15) {
		m.q.grants = m.uselessGrants()
	}
	return m.q
}

func (m *maker) chance(percent int) bool { return m.r.IntN(100) < percent }

func one[T any](m *maker, of []T) T { return of[m.r.IntN(len(of))] }

// choose picks by weight: what, weight, what, weight, …
func choose[T any](m *maker, weights []int, of ...T) T {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := m.r.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return of[i]
		}
	}
	panic("unreachable")
}

// some picks between one and most, in order, without repeating.
func some[T any](m *maker, of []T, most int) []T {
	n := 1 + m.r.IntN(min(most, len(of)))
	var out []T
	for i, v := range of {
		if m.r.IntN(len(of)-i) < n-len(out) {
			out = append(out, v)
		}
	}
	return out
}

// list makes values of either form.
func (m *maker) list(is ...string) *values {
	return &values{is: is, list: len(is) != 1 || m.chance(30), raw: m.chance(30)}
}

func roleARN(account, path, name string) string {
	return "arn:aws:iam::" + account + ":role/" + path + name
}

func sessionARN(account, role, session string) string {
	return "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + session
}

func (m *maker) principal() {
	role := func(path, name, session string) access.Principal {
		return access.Principal{ARN: roleARN(accountA, path, name), SessionARN: sessionARN(accountA, name, session), ID: "AROAMINEMINEMINEMINE1"}
	}
	m.q.principal = choose(m, []int{30, 15, 25, 15, 10, 10},
		role(slrPath, slrName, "AutoScaling"),
		role(slrPath, slrName+"_web", "AutoScaling"),
		role("keymend/", "KeymendWriter", "keymend-7f3a"),
		role("", "admin", "someone"),
		access.Principal{ARN: "arn:aws:iam::" + accountA + ":user/people/ana", ID: "AIDAMINEMINEMINEMINE1"},
		role("", "aws:ec2-infrastructure", "i-0123456789abcdef0")) // the instance's own
}

func (m *maker) key() {
	account := choose(m, []int{72, 28}, accountA, accountB)
	m.q.key = access.Key{
		ARN: "arn:aws:kms:" + region + ":" + account + ":key/" + keyID, State: "Enabled", Manager: "CUSTOMER",
		Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: one(m, []string{"AWS_KMS", "EXTERNAL"}),
	}
	if m.chance(25) {
		m.q.key.MultiRegion, m.q.key.MultiRegionType = true, one(m, []string{"PRIMARY", "REPLICA"})
	}
}

// keyPolicy mixes statements that give access, that look like it, and that take
// it away.
func (m *maker) keyPolicy() policy {
	p := policy{Version: choose(m, []int{80, 12, 8}, "2012-10-17", "2008-10-17", ""), Statement: []statement{}}
	if m.chance(62) {
		p.Statement = append(p.Statement, m.giving())
	}
	for range m.r.IntN(5) {
		p.Statement = append(p.Statement, m.nearMiss())
	}
	for range choose(m, []int{70, 24, 6}, 0, 1, 2) {
		p.Statement = append(p.Statement, m.denying())
	}
	m.r.Shuffle(len(p.Statement), func(i, j int) { p.Statement[i], p.Statement[j] = p.Statement[j], p.Statement[i] })
	for i := range p.Statement {
		if m.chance(50) {
			p.Statement[i].Sid = "Statement" + string(rune('A'+i))
		}
	}
	return p
}

// identityPolicies are an ordinary principal's own.
func (m *maker) identityPolicies() []policy {
	var out []policy
	for range choose(m, []int{20, 60, 20}, 0, 1, 2) {
		p := policy{Version: choose(m, []int{88, 8, 4}, "2012-10-17", "2008-10-17", ""), Statement: []statement{}}
		if m.chance(75) {
			p.Statement = append(p.Statement, m.identityStatement("Allow", 90))
		}
		for range m.r.IntN(3) {
			p.Statement = append(p.Statement, m.identityStatement("Allow", 30))
		}
		if m.chance(15) {
			p.Statement = append(p.Statement, m.identityStatement("Deny", 30))
		}
		out = append(out, p)
	}
	return out
}

// session adds a session policy, but not where the key policy names the very
// session: what such a statement gives no session policy narrows, which the
// simulator doesn't know.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
func (m *maker) session() {
	if m.q.principal.SessionARN == "" || m.chance(85) || strings.Contains(m.q.policy.String(), m.q.principal.SessionARN) {
		return
	}
	p := policy{Version: "2012-10-17", Statement: []statement{m.identityStatement("Allow", 80)}}
	if m.chance(20) {
		p.Statement = append(p.Statement, m.identityStatement("Deny", 20))
	}
	m.q.session = &p
}

// uselessGrants are grants that don't give the operation.
func (m *maker) uselessGrants() []access.Grant {
	mine := m.q.principal.ARN
	issuer := "arn:aws:iam::" + accountA + ":root"
	var out []access.Grant
	add := func(id, grantee, issuer string, ops []string, c *access.Constraints) {
		out = append(out, access.Grant{ID: id, GranteePrincipal: grantee, IssuingAccount: issuer, Operations: ops, Constraints: c})
	}
	for range 1 + m.r.IntN(2) {
		switch m.r.IntN(5) {
		case 0:
			add("to-other", roleARN(accountA, "", "someone-else"), issuer, operations(), nil)
		case 1:
			add("to-earlier", "AROAEARLIEREARLIER123", issuer, operations(), nil)
		case 2:
			add("lacks", mine, issuer, m.q.launch()[1:], nil)
		case 3:
			if m.q.operation != "DescribeKey" { // constraints don't bear on it
				pair := map[string]string{"aws:ebs:id": "vol-other"}
				add("constraint", mine, issuer, operations(), &access.Constraints{EncryptionContextSubset: pair})
			}
		case 4:
			if m.q.foreign() {
				add("from-key", mine, "arn:aws:iam::"+accountB+":root", operations(), nil)
			}
		}
	}
	return out
}
