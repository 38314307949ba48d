package access

import (
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
)

// A situation is what is the same for every operation of one request. It is
// surveyed once, so that the work for one more operation is small.
type situation struct {
	facts      *Facts
	request    *Request
	principal  Principal
	keyAccount string
	mine       arn.ARN // the principal's

	statements []standing      // one for each statement of the key policy
	concerned  []grantStanding // the grants to the principal, or to an earlier one of its name
	others     int             // the grants to anyone else
}

// A standing is how a statement stands to the principal, whatever the operation.
type standing struct {
	hold  hold
	name  string    // Statement.Name
	line  string    // how its line in every trace begins
	other *NearMiss // whom it names in our principal's place; nil = not looked at yet
	whole string    // its line in the trace where it isn't about our principal
}

// A grantStanding is how a grant stands to the principal.
type grantStanding struct {
	grant  *Grant
	missed Reason // GrantToEarlierRole, or "" = the principal is its grantee
}

func survey(f *Facts, r *Request) *situation {
	r.Principal.SessionARN = r.Principal.session()
	s := &situation{facts: f, request: r, principal: r.Principal, keyAccount: f.Key.account()}
	s.mine, _ = arn.Parse(r.Principal.ARN)
	s.surveyStatements()
	for i := range f.Grants {
		if missed := r.Principal.grantee(&f.Grants[i]); missed == GrantToOther {
			s.others++
		} else {
			s.concerned = append(s.concerned, grantStanding{&f.Grants[i], missed})
		}
	}
	return s
}

func (s *situation) surveyStatements() {
	if s.facts.Policy == nil {
		return
	}
	statements := s.facts.Policy.Statements()
	s.statements = make([]standing, len(statements))
	for i := range statements {
		name := statements[i].Name()
		s.statements[i] = standing{hold: holdOf(&statements[i], s.principal), name: name, line: name + ": " + statements[i].Effect + ": "}
	}
}

// otherLine is the line in the trace of a statement about other principals.
func (k *standing) otherLine() string {
	if k.whole == "" {
		k.whole = k.line + "not about this principal"
	}
	return k.whole
}

// foreign reports whether the key belongs to another account.
func (s *situation) foreign() bool { return s.keyAccount != s.mine.Account }

// grantee says whether a grant is to the principal (""), to an earlier one of
// its name, or to another. A grant is bound to the role's unique id; AWS shows
// the id in place of the ARN once the role is gone.
func (p Principal) grantee(g *Grant) Reason {
	switch g.GranteePrincipal {
	case "":
		if p.Service != "" && g.GranteeServicePrincipal == p.Service {
			return ""
		}
		return GrantToOther
	case p.ARN, p.SessionARN:
		return ""
	}
	id, session, _ := strings.Cut(g.GranteePrincipal, ":") // a session may show as AROA…:session
	switch {
	case !keypolicy.IsUniqueID(id):
		return GrantToOther
	case id != p.ID:
		return GrantToEarlierRole
	case session == "", strings.HasSuffix(p.SessionARN, "/"+session):
		return ""
	}
	return GrantToOther
}
