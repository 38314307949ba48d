package access

import (
	"slices"
	"strings"

	"keymend/pkg/slr"
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
func (c *call) matchGrant(concerned grantStanding) grantMatch {
	if concerned.missed != "" {
		return grantMatch{truth: no, missed: concerned.missed}
	}
	g := concerned.grant
	m := c.covers(g)
	if m.truth != no {
		c.constraints(g, &m)
	}
	if m.truth != no && c.foreign() {
		c.issued(g, &m)
	}
	return m
}

// issued: "You must create AWS KMS grants from the account that owns the Auto
// Scaling group, not the KMS account." (re:Post, kms-launch-ec2-instance)
func (c *call) issued(g *Grant, m *grantMatch) {
	issuer, ok := accountOf(g.IssuingAccount)
	switch {
	case !ok:
		m.truth = and(m.truth, maybe)
		m.unseen = "the account that issued grant " + g.ID
	case issuer != c.principal.account():
		m.truth, m.missed = no, GrantFromKeyAccount
	}
}

// covers: the operation is in the grant. A grant that allows CreateGrant lets
// its grantee hand on only what it holds itself.
func (c *call) covers(g *Grant) grantMatch {
	lacks := func(op string) bool {
		return !slices.ContainsFunc(g.Operations, func(o string) bool { return strings.EqualFold(o, op) })
	}
	if lacks(c.operation) {
		return grantMatch{truth: no, missed: GrantLacksOperation}
	}
	if !strings.EqualFold(c.operation, "CreateGrant") {
		return grantMatch{truth: yes}
	}
	child, known := c.ctx.lookup("kms:GrantOperations")
	switch {
	case known == unknown && slices.ContainsFunc(slr.Operations(), lacks):
		return grantMatch{truth: maybe, keys: []string{"kms:GrantOperations"}}
	case slices.ContainsFunc(child, lacks):
		return grantMatch{truth: no, missed: GrantLacksOperation}
	}
	return grantMatch{truth: yes}
}

// constraints checks the grant's constraints on the encryption context: "the
// key in each key-value pair is not case sensitive, but the value is". They
// don't bear on DescribeKey and RetireGrant.
func (c *call) constraints(g *Grant, m *grantMatch) {
	op := strings.ToLower(c.operation)
	if g.Constraints == nil || op == "describekey" || op == "retiregrant" {
		return
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
