package differential_test

import (
	"strings"
)

// giving is a statement that gives the principal the operation, unless one of
// its conditions happens not to hold.
func (m *maker) giving() statement {
	s := statement{Effect: "Allow", Resource: m.list("*")}
	if m.chance(4) {
		s.NotPrincipal = m.aws(m.otherPrincipal())
	} else {
		s.Principal = m.myPrincipal()
	}
	m.myAction(&s)
	s.Condition = m.conditions(choose(m, []int{50, 35, 15}, 0, 1, 2), 93)
	return s
}

// denying is a Deny that as often as not is about somebody or something else.
func (m *maker) denying() statement {
	s := statement{Effect: "Deny", Resource: m.list("*")}
	switch m.r.IntN(10) {
	case 0, 1, 2:
		s.NotPrincipal = m.exempted()
	case 3:
		s.Principal = m.rootPrincipal()
	case 4:
		s.Principal = m.aws(m.otherPrincipal())
	default:
		s.Principal = m.myPrincipal()
	}
	if m.chance(50) {
		m.myAction(&s)
	} else {
		m.otherAction(&s)
	}
	m.odd(&s, 6)
	s.Condition = m.conditions(choose(m, []int{10, 70, 20}, 0, 1, 2), 35)
	return s
}

// exempted is the NotPrincipal of a Deny: now nothing of ours, now all of it,
// now a part, whose meaning isn't settled.
func (m *maker) exempted() *principals {
	p := m.q.principal
	all := []string{"arn:aws:iam::" + accountA + ":root", p.ARN}
	if p.SessionARN != "" {
		all = append(all, p.SessionARN)
	}
	switch m.r.IntN(8) {
	case 0:
		return m.aws(m.otherPrincipal())
	case 1, 2, 3, 4, 5:
		return m.aws(some(m, all, len(all))...)
	default:
		return m.aws(append(all, m.otherPrincipal())...)
	}
}

// nearMiss is an Allow with one thing wrong, or with nothing of ours in it.
func (m *maker) nearMiss() statement {
	s := statement{Effect: "Allow", Principal: m.myPrincipal(), Resource: m.list("*")}
	switch kind := m.r.IntN(12); {
	case kind < 5:
		s.Principal = m.wrongPrincipal()
		m.myAction(&s)
	case kind < 7:
		m.otherAction(&s)
	case kind < 8:
		m.grantCondition(&s)
	case kind < 9:
		m.myAction(&s)
		m.odd(&s, 100)
	case kind < 10:
		s.Principal = m.rootPrincipal()
		m.myAction(&s)
	default:
		m.myAction(&s)
		s.Condition = m.conditions(1+m.r.IntN(2), 25)
		return s
	}
	if s.Condition == nil {
		s.Condition = m.conditions(choose(m, []int{75, 25}, 0, 1), 70)
	}
	return s
}

// grantCondition is the statement of AWS's own samples, misapplied or not.
func (m *maker) grantCondition(s *statement) {
	m.myAction(s)
	s.Condition = conditions{"Bool": {"kms:GrantIsForAWSResource": *m.list("true")}}
}

// odd gives the statement another Resource than "*", or none.
func (m *maker) odd(s *statement, percent int) {
	if !m.chance(percent) {
		return
	}
	s.Resource = nil
	switch m.r.IntN(6) {
	case 0:
	case 1:
		s.NotResource = m.list(m.otherKey())
	case 2:
		s.Resource = m.list(m.otherKey())
	case 3:
		s.Resource = m.list(m.q.key.ARN)
	case 4:
		s.Resource = m.list(m.otherKey(), "*")
	case 5:
		s.Resource = m.list("arn:aws:kms:*:*:key/*")
	}
}

func (m *maker) otherKey() string {
	return "arn:aws:kms:" + region + ":" + m.q.keyAccount() + ":key/" + otherID
}

// identityStatement is a statement of the principal's own policy; percent of
// them are about the operation and the key.
func (m *maker) identityStatement(effect string, percent int) statement {
	s := statement{Effect: effect}
	if m.chance(percent) {
		m.myAction(&s)
	} else {
		m.otherAction(&s)
	}
	account := m.q.keyAccount()
	mine := []string{"*", m.q.key.ARN, "arn:aws:kms:*:" + account + ":key/*", "arn:aws:kms:" + region + ":*:key/1a2b*", "arn:aws:kms:*:*:key/????????-5e6f-*",
		"arn:aws:kms:*:${aws:PrincipalAccount}:key/*", "arn:aws:kms:*:*:key/${aws:PrincipalTag/key}", "arn:*", "arn:aws:kms:*"}
	switch {
	case m.chance(8):
		s.NotResource = m.list(m.otherKey())
	case m.chance(percent):
		s.Resource = m.list(some(m, mine, 2)...)
	default:
		s.Resource = m.list(m.otherKey(), "arn:aws:s3:::bucket/*")
	}
	s.Condition = m.conditions(choose(m, []int{65, 25, 10}, 0, 1, 2), percent)
	return s
}

// myAction matches the operation.
func (m *maker) myAction(s *statement) {
	op := m.q.operation
	name := choose(m, []int{30, 15, 10, 12, 8, 8, 5},
		"kms:"+op, "kms:*", "*", "kms:"+op[:len(op)/2]+"*", "kms:*"+op[len(op)/2:],
		"kms:"+op[:1]+"?"+op[2:], "kms:?*")
	if m.chance(12) {
		name = "kms:" + one(m, []func(string) string{strings.ToLower, strings.ToUpper})(strings.TrimPrefix(name, "kms:"))
		if name == "kms:*" {
			name = "kms:" + op
		}
	}
	switch {
	case m.chance(10):
		s.NotAction = m.list("kms:PutKeyPolicy", one(m, []string{"s3:*", "kms:Schedule*", "kms:sign", "kms:Put*"}))
	case m.chance(40):
		s.Action = m.list(append([]string{name}, some(m, m.foreignActions(), 3)...)...)
	default:
		s.Action = m.list(name)
	}
}

// otherAction doesn't match the operation, but often others of a launch.
func (m *maker) otherAction(s *statement) {
	if m.chance(15) {
		s.NotAction = m.list(one(m, []string{"kms:" + m.q.operation, "kms:*", "*"}), "kms:PutKeyPolicy")
		return
	}
	var names []string
	for _, op := range some(m, m.q.launch()[1:], 4) {
		names = append(names, "kms:"+op)
	}
	if m.chance(25) {
		names = m.foreignActions()
	}
	if strings.HasPrefix(m.q.operation, "ReEncrypt") && m.chance(50) {
		names = append(names, "kms:ReEncrypt") // a call, and no permission
	}
	s.Action = m.list(names...)
}

func (m *maker) foreignActions() []string {
	return []string{"kms:PutKeyPolicy", "kms:Get*", "s3:GetObject", "kms:ScheduleKeyDeletion", "ec2:*"}
}
