package access

import (
	"slices"
	"strings"

	"keymend/pkg/keypolicy"
)

// A grantMatch is what one grant says about one request.
type grantMatch struct {
	truth  truth
	missed Reason // why it gives nothing; "" = it does, or may
	keys   []string
	unseen string // what of the grant itself wasn't visible
}

// matchGrant holds a grant against an operation. A grant only allows.
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
func (c *call) matchGrant(g *Grant) grantMatch {
	switch {
	case !c.isGrantee(g):
		return grantMatch{truth: no, missed: c.otherGrantee(g)}
	case !c.covers(g):
		return grantMatch{truth: no, missed: GrantLacksOperation}
	}
	m := c.constraints(g)
	if m.truth == no || !c.foreign() {
		return m
	}
	// "You must create AWS KMS grants from the account that owns the Auto
	// Scaling group, not the KMS account." (re:Post, kms-launch-ec2-instance)
	issuer, ok := accountOf(g.IssuingAccount)
	switch {
	case !ok:
		m.truth = and(m.truth, maybe)
		m.unseen = "the account that issued grant " + g.ID
	case issuer != c.principal.account():
		return grantMatch{truth: no, missed: GrantFromKeyAccount}
	}
	return m
}

func (c *call) isGrantee(g *Grant) bool {
	p := c.principal
	switch g.GranteePrincipal {
	case "":
		return p.Service != "" && g.GranteeServicePrincipal == p.Service
	case p.ARN, p.session():
		return true
	}
	return p.ID != "" && g.GranteePrincipal == p.ID
}

func (c *call) otherGrantee(g *Grant) Reason {
	id, _, _ := strings.Cut(g.GranteePrincipal, ":") // sessions of a dead role show as AROA…:session
	if keypolicy.IsUniqueID(id) {
		return GrantToEarlierRole
	}
	return GrantToOther
}

// covers: the operation is in the grant. A grant that allows CreateGrant lets
// its grantee hand on only what it holds itself, and EC2 hands on Decrypt.
func (c *call) covers(g *Grant) bool {
	has := func(op string) bool {
		return slices.ContainsFunc(g.Operations, func(o string) bool { return strings.EqualFold(o, op) })
	}
	if !has(c.operation) {
		return false
	}
	if !strings.EqualFold(c.operation, "CreateGrant") {
		return true
	}
	child, known := c.ctx.lookup("kms:GrantOperations")
	if known != present {
		child = []string{"Decrypt"}
	}
	return !slices.ContainsFunc(child, func(op string) bool { return !has(op) })
}

// constraints checks the grant's constraints on the encryption context: "the
// key in each key-value pair is not case sensitive, but the value is". They
// don't bear on DescribeKey and RetireGrant.
func (c *call) constraints(g *Grant) grantMatch {
	m := grantMatch{truth: yes}
	op := strings.ToLower(c.operation)
	if g.Constraints == nil || op == "describekey" || op == "retiregrant" {
		return m
	}
	for _, pairs := range []map[string]string{g.Constraints.EncryptionContextEquals, g.Constraints.EncryptionContextSubset} {
		for name, want := range pairs {
			m.need(c.ctx, "kms:EncryptionContext:"+name, []string{want})
		}
	}
	if equals := g.Constraints.EncryptionContextEquals; len(equals) > 0 {
		m.needNoOther(c.ctx, equals)
	}
	if g.Constraints.SourceARN != "" {
		m.need(c.ctx, "aws:SourceArn", []string{g.Constraints.SourceARN})
	}
	slices.Sort(m.keys)
	if m.truth == no {
		m.missed = GrantConstraint
	}
	return m
}

func (m *grantMatch) need(ctx looker, key string, want []string) {
	values, known := ctx.lookup(key)
	switch {
	case known == unknown:
		m.truth = and(m.truth, maybe)
		m.keys = append(m.keys, key)
	case known == absent || !slices.Equal(values, want):
		m.truth = no
	}
}

// needNoOther: EncryptionContextEquals allows no further pair.
func (m *grantMatch) needNoOther(ctx looker, equals map[string]string) {
	names, known := ctx.lookup("kms:EncryptionContextKeys")
	if known == unknown {
		m.truth = and(m.truth, maybe)
		m.keys = append(m.keys, "kms:EncryptionContextKeys")
		return
	}
	for _, n := range names {
		if !hasKeyFold(equals, n) {
			m.truth = no
		}
	}
}

func hasKeyFold(pairs map[string]string, name string) bool {
	for k := range pairs {
		if strings.EqualFold(k, name) {
			return true
		}
	}
	return false
}
