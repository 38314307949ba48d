package kms

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/iam"
	"keymend/pkg/sandbox/wire"
)

// A request is one operation on one key, with what its context adds to what
// every request has.
type request struct {
	operation string
	use       Use
	more      map[string][]string
}

// allowed decides by key policy, grants, identity and session policies, and
// returns nil or KMS's AccessDeniedException.
func (s *Service) allowed(c *wire.Caller, k *key, r request) error {
	result := s.decide(c, k, r)
	if result.Decision == access.Allowed {
		return nil
	}
	if c.Account != k.account && !s.told(c, k, result) {
		return foreign(c, r.operation)
	}
	return wire.Errorf("AccessDeniedException", "User: %s is not authorized to perform: kms:%s on resource: %s %s",
		c.ARN, r.operation, k.arn(), because(result, r.operation))
}

// told reports whether a caller hears which kind of policy keeps it from another
// account's key: within one organization, where it is one of the walls.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (s *Service) told(c *wire.Caller, k *key, r access.Result) bool {
	_, with := s.roles.Around(c, k.account)
	return wall(r) && len(with["aws:principalorgid"]) > 0 && slices.Equal(with["aws:principalorgid"], with["aws:resourceorgid"])
}

func wall(r access.Result) bool {
	return slices.Contains([]access.Reason{
		access.DeniedByBoundary, access.BoundaryTooNarrow, access.DeniedByServiceControl, access.ServiceControlTooNarrow, access.DeniedByResourceControl,
	}, r.Reason)
}

// authorize is allowed for the caller of ctx, and then the key's state: KMS tells
// nobody about the state of a key that they may not use. It notes the key for
// CloudTrail, unless the key is another account's and the caller is refused.
func (s *Service) authorize(ctx context.Context, k *key, r request) error {
	c := wire.CallerOf(ctx)
	err := s.allowed(c, k, r)
	if err == nil || k.account == c.Account {
		wire.CallOf(ctx).Resources = []string{k.arn()}
	}
	if err != nil {
		return err
	}
	return k.refusedByState(r.operation)
}

func (s *Service) decide(c *wire.Caller, k *key, r request) access.Result {
	doc, err := keypolicy.Parse(s.shown(k.policy))
	facts := access.Facts{Policy: doc, Grants: s.grantFacts(k), Key: access.Key{
		ARN: k.arn(), Spec: string(k.meta.KeySpec), MultiRegion: k.keyType() != "", MultiRegionType: k.keyType(),
		Usage: string(k.meta.KeyUsage), Origin: string(k.meta.Origin),
		State:   "Enabled",  // the state has error texts of its own: refusedByState
		Manager: "CUSTOMER", // an AWS managed key's policy is here too, and decides like any other
	}}
	if err != nil {
		facts.PolicyUnreadable = err.Error()
	}
	walls, _ := s.roles.Around(c, k.account)
	if k.meta.KeyManager == types.KeyManagerTypeAws {
		walls.ResourceControl = nil // they "do not apply to AWS managed keys", by KMS's page on them
	}
	results := access.Evaluate(facts, access.Request{
		Principal: principal(c), Operations: []string{r.operation}, Context: s.context(c, k, r),
		IdentityPolicies: identity(c), Walls: walls,
	})
	if len(results) == 0 {
		return access.Result{Decision: access.Denied}
	}
	return results[0]
}

func principal(c *wire.Caller) access.Principal {
	if c.Role == "" {
		return access.Principal{ARN: c.ARN, ID: c.UniqueID}
	}
	return access.Principal{ARN: c.Role, SessionARN: c.ARN, ID: c.UniqueID}
}

// identity returns the caller's own policies, which are always known.
func identity(c *wire.Caller) []*keypolicy.Document {
	if !c.Admin {
		return append([]*keypolicy.Document{}, c.Identity...)
	}
	all, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	if err != nil {
		return []*keypolicy.Document{}
	}
	return []*keypolicy.Document{all}
}

// context is the whole of the request's context: what isn't in it, the request
// doesn't have.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func (s *Service) context(c *wire.Caller, k *key, r request) access.Context {
	v := c.Context()
	maps.Copy(v, map[string][]string{
		"kms:calleraccount":         {c.Account},
		"kms:keyspec":               {string(k.meta.KeySpec)},
		"kms:keyusage":              {string(k.meta.KeyUsage)},
		"kms:keyorigin":             {string(k.meta.Origin)},
		"kms:multiregion":           {strconv.FormatBool(k.keyType() != "")},
		"kms:grantisforawsresource": {strconv.FormatBool(r.use.ForAWSResource)},
		"aws:resourceaccount":       {k.account},
		"aws:viaawsservice":         {strconv.FormatBool(r.use.ViaService != "")},
		"aws:currenttime":           {s.clock.Now().UTC().Format("2006-01-02T15:04:05Z")},
		"aws:epochtime":             {strconv.FormatInt(s.clock.Now().Unix(), 10)},
	})
	_, organizational := s.roles.Around(c, k.account)
	maps.Copy(v, organizational)
	if kind := k.keyType(); kind != "" {
		v["kms:multiregionkeytype"] = []string{kind}
	}
	if r.use.ViaService != "" {
		v["kms:viaservice"] = []string{r.use.ViaService}
	}
	if aliases := s.aliasesOf(k.arn()); len(aliases) > 0 {
		v["kms:resourcealiases"] = aliases
	}
	for name, value := range s.counting(k) {
		v["aws:resourcetag/"+strings.ToLower(name)] = []string{value}
	}
	for name, value := range r.use.EncryptionContext {
		v["kms:encryptioncontext:"+strings.ToLower(name)] = []string{value}
		v["kms:encryptioncontextkeys"] = append(v["kms:encryptioncontextkeys"], name)
	}
	if r.use.Grantee != "" {
		v["kms:granteeprincipal"], v["kms:grantoperations"] = []string{r.use.Grantee}, r.use.GrantOperations
	}
	maps.Copy(v, r.more)
	return access.Context{Values: v, Complete: true}
}

// because says in KMS's words which kind of policy lacks or forbids it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func because(r access.Result, operation string) string {
	switch {
	case r.Reason == access.DeniedByStatement:
		return "with an explicit deny in a resource-based policy"
	case r.Reason == access.DeniedByIdentity, r.Reason == access.DeniedBySession, r.Reason == access.SessionTooNarrow, wall(r),
		slices.ContainsFunc(r.NearMisses, func(m access.NearMiss) bool { return m.Reason == access.RootDelegates }):
		return iam.Because(access.Judgement{Explicit: r.Explicit, Wall: r.Reason}, "kms:"+operation)
	}
	return "because no resource-based policy allows the kms:" + operation + " action"
}

// foreign is KMS's answer about another account's key: it doesn't tell whether
// there is one.
func foreign(c *wire.Caller, operation string) error {
	return wire.Errorf("AccessDeniedException", "User: %s is not authorized to perform: kms:%s on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
		c.ARN, operation)
}

// byIdentity authorises what key policies have no say in.
func (s *Service) byIdentity(c *wire.Caller, operation, resource string, more map[string][]string) error {
	err := s.roles.Authorize(c, wire.Check{Action: "kms:" + operation, Resource: resource, Context: more})
	if err == nil {
		return nil
	}
	if w := new(wire.Error); errors.As(err, &w) && w.Code == "" {
		return wire.Errorf("AccessDeniedException", "%s", w.Message)
	}
	return err
}
