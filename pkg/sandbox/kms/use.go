package kms

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/wire"
)

// A Use is what a service asks KMS on a caller's behalf.
type Use struct {
	EncryptionContext map[string]string
	ViaService        string // as in "ec2.eu-west-1.amazonaws.com"; "" = the caller asks directly
	ForAWSResource    bool   // kms:GrantIsForAWSResource of grant operations

	// Grantee and GrantOperations are the grant that CreateGrant makes.
	Grantee         string
	GrantOperations []string
}

// Use authorises an operation that a service does on a key with the caller's
// identity, and records the call as CloudTrail shows it, also a refused one.
// For CreateGrant it makes the grant. The error is KMS's own, an *wire.Error.
func (s *Service) Use(c *wire.Caller, keyID, operation string, u Use) (keyARN string, err error) {
	k, err := s.find(c, &keyID, operation)
	if err == nil {
		err = s.used(c, k, operation, u)
	}
	call := wire.Call{Caller: c, Service: "kms", Operation: eventName(operation), Err: err, Params: u.params(keyID, operation)}
	if k != nil {
		call.Resources, keyARN = []string{k.arn()}, k.arn()
	}
	if isDenied(err) && k != nil && k.account != c.Account && !s.namesForeign() {
		call.Resources = nil // CloudTrail doesn't tell one account about another's key
	}
	s.record(call)
	if err != nil {
		return "", err
	}
	return keyARN, nil
}

// Release retires every grant to a grantee, as EBS does when an instance is gone, and
// records it as the service's own call.
// https://docs.aws.amazon.com/kms/latest/developerguide/ct-retire-grant.html
func (s *Service) Release(account, region, grantee string) {
	by := &wire.Caller{Account: account, Region: region, InvokedBy: "ebs.amazonaws.com"}
	for _, k := range s.inRegion(region) {
		for _, g := range k.grants {
			if g.grantee == grantee && s.drop(k, g.id, nil) == nil {
				s.record(wire.Call{
					Caller: by, Service: "kms", Operation: "RetireGrant", Resources: []string{k.arn()},
					In: &kms.RetireGrantInput{GrantId: &g.id, KeyId: new(k.arn())}, Out: &kms.RetireGrantOutput{},
				})
			}
		}
	}
}

func (s *Service) used(c *wire.Caller, k *key, operation string, u Use) error {
	if err := s.allowed(c, k, request{operation: operation, use: u}); err != nil {
		return err
	}
	if err := k.refusedByState(operation); err != nil {
		return err
	}
	if operation != "CreateGrant" {
		return nil
	}
	g := grant{id: ident.Hex(), token: ident.Hex(), grantee: u.Grantee, issuer: c.Account, created: s.clock.Now()}
	for _, op := range u.GrantOperations {
		g.operations = append(g.operations, types.GrantOperation(op))
	}
	if len(u.EncryptionContext) > 0 {
		g.constraints = &types.GrantConstraints{EncryptionContextSubset: u.EncryptionContext}
	}
	s.change(k.arn(), func(k *key) { k.grants = append(k.grants, g) })
	return nil
}

func (s *Service) namesForeign() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches.DenialNamesForeignKey
}

func isDenied(err error) bool {
	var w *wire.Error
	return errors.As(err, &w) && w.Code == "AccessDeniedException"
}

// eventName: ReEncryptFrom and ReEncryptTo are permissions, ReEncrypt is the
// call.
func eventName(operation string) string {
	if strings.HasPrefix(operation, "ReEncrypt") {
		return "ReEncrypt"
	}
	return operation
}

// params is what CloudTrail shows as the request's parameters.
// https://docs.aws.amazon.com/kms/latest/developerguide/ct-ec2two.html
func (u Use) params(keyID, operation string) map[string]any {
	p := map[string]any{"keyId": keyID}
	switch operation {
	case "CreateGrant":
		p["granteePrincipal"], p["operations"] = u.Grantee, u.GrantOperations
		if len(u.EncryptionContext) > 0 {
			p["constraints"] = map[string]any{"encryptionContextSubset": u.EncryptionContext}
		}
		return p
	case "GenerateDataKeyWithoutPlaintext":
		p["numberOfBytes"] = 64
	case "ReEncryptFrom", "ReEncryptTo":
		side := map[string]string{"ReEncryptFrom": "source", "ReEncryptTo": "destination"}[operation]
		return map[string]any{side + "KeyId": keyID, side + "EncryptionContext": u.EncryptionContext}
	}
	if len(u.EncryptionContext) > 0 {
		p["encryptionContext"] = u.EncryptionContext
	}
	return p
}

// DescribeForLaunch tells EC2 about a key that an account names: its ARN and
// whether AWS manages it. ok is false where there is no such key.
func (s *Service) DescribeForLaunch(account, region, keyID string) (arn, manager string, ok bool) {
	k, err := s.find(&wire.Caller{Account: account, Region: region}, &keyID, "DescribeKey")
	if err != nil {
		return "", "", false
	}
	return k.arn(), string(k.meta.KeyManager), true
}

// EnsureAWSManaged makes alias/aws/ebs of an account and Region where it isn't
// there yet, and returns its key's ARN.
func (s *Service) EnsureAWSManaged(account, region string) (arn string) {
	const name = "alias/aws/ebs"
	at := aliasARN(account, region, name)
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.aliases[at]; a != nil {
		return a.target
	}
	k := newKey(account, region, ident.UUID(), now)
	k.meta.KeyManager = types.KeyManagerTypeAws
	k.meta.Description = new("Default key that protects my EBS volumes when no other key is defined")
	k.policy = policy{text: normalise(managedPolicy(account, region))}
	s.keys[k.arn()] = k
	s.aliases[at] = &alias{arn: at, name: name, target: k.arn(), created: now, updated: now}
	return k.arn()
}

// managedPolicy is the policy of alias/aws/ebs.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-caller-account
func managedPolicy(account, region string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Id":"auto-ebs-2","Statement":[{"Sid":"Allow access through EBS for all principals in the account that are authorized to use EBS","Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"%s","kms:ViaService":"ec2.%s.amazonaws.com"}}},{"Sid":"Allow direct access to key metadata to the account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":["kms:Describe*","kms:Get*","kms:List*","kms:RevokeGrant"],"Resource":"*"}]}`, account, region, account)
}
