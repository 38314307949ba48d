package ec2

import (
	"fmt"
	"strings"

	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/wire"
	"keymend/pkg/slr"
)

// A step is one operation that EBS asks of KMS on the launcher's behalf.
type step struct {
	key, operation string
	optional       bool // a refusal doesn't stop the launch
}

// steps are what a volume asks of KMS, in order, once both keys are ARNs.
//
// From an unencrypted source: the data key, the instance's grant, and a Decrypt
// whose refusal alone doesn't stop a launch (captured, tools.md 7). Under the
// snapshot's own key: the data key and the grant. Under another: the snapshot's
// data key is re-encrypted from one to the other besides. A launcher that may
// nothing is refused the volume's data key first (AWS re:Post and CloudTrail,
// aws-facts 1.5), hence it comes first everywhere; the EBS guide of 2023 lists
// CreateGrant before it for unencrypted snapshots.
func steps(n need, sameKeyAnew bool) []step {
	all := []step{{key: n.volume, operation: "GenerateDataKeyWithoutPlaintext"}}
	switch {
	case n.source == "":
		return append(all, step{key: n.volume, operation: "CreateGrant"}, step{key: n.volume, operation: "Decrypt", optional: true})
	case n.source == n.volume && !(n.foreign && sameKeyAnew):
		return append(all, step{key: n.volume, operation: "CreateGrant"})
	}
	return append(all,
		step{key: n.source, operation: "ReEncryptFrom"}, step{key: n.volume, operation: "ReEncryptTo"},
		step{key: n.source, operation: "Decrypt"}, step{key: n.source, operation: "CreateGrant"},
		step{key: n.volume, operation: "CreateGrant"})
}

// ask has KMS decide about a volume's keys as c. It returns the ARN of the
// volume's key, or its name where there is no such key, and whether the volume
// can be made. Without a grantee nothing is attached, so no grant is made. The
// caller doesn't hold s.mu.
func (s *Service) ask(c *wire.Caller, n need, volume, grantee string) (key string, ok bool) {
	p := placeOf(c)
	for _, k := range []*string{&n.volume, &n.source} {
		if *k != "" {
			*k = s.resolve(p, *k)
		}
	}
	for _, st := range steps(n, s.switchesNow().SameKeyAnew) {
		if grantee == "" && (st.operation == "CreateGrant" || st.optional) {
			continue
		}
		if err := s.use(c, st, volume, grantee); err != nil && !st.optional {
			return n.volume, false
		}
		if st.operation == "CreateGrant" && s.decrypt(c, st.key, volume, grantee) != nil {
			return n.volume, false
		}
	}
	return n.volume, true
}

// decrypt has KMS decide whether the instance's own role, whose session the grantee is,
// may decrypt under the grant that was made to it. Its requests don't come from the
// account's network.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
func (s *Service) decrypt(c *wire.Caller, key, volume, grantee string) error {
	instance := &wire.Caller{
		Account: c.Account, Region: c.Region, ARN: grantee, Role: slr.Instance("aws", c.Account), UniqueID: "AROASANDBOXINSTANCES",
		Session: grantee[strings.LastIndexByte(grantee, '/')+1:], InvokedBy: "ec2.amazonaws.com", Agent: "ec2.amazonaws.com",
	}
	use := kms.Use{EncryptionContext: map[string]string{"aws:ebs:id": volume}}
	if s.switchesNow().InstanceViaService {
		use.ViaService = fmt.Sprintf("ec2.%s.amazonaws.com", c.Region)
	}
	_, err := s.keys.Use(instance, key, "Decrypt", use)
	return err
}

func (s *Service) switchesNow() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// use has KMS decide about one step, as c and in c's Region, for the volume or
// snapshot with an id.
func (s *Service) use(c *wire.Caller, st step, id, grantee string) error {
	use := kms.Use{
		EncryptionContext: map[string]string{"aws:ebs:id": id},
		ViaService:        fmt.Sprintf("ec2.%s.amazonaws.com", c.Region),
	}
	if st.operation == "CreateGrant" {
		use.ForAWSResource, use.Grantee, use.GrantOperations = true, grantee, []string{"Decrypt"}
	}
	_, err := s.keys.Use(c, st.key, st.operation, use)
	return err
}

// resolve makes an ARN of any of the four forms of a key's name. What can't be
// resolved stays as it is: KMS will refuse it.
func (s *Service) resolve(p place, key string) string {
	if key == ebsAlias {
		return s.keys.EnsureAWSManaged(p.account, p.region)
	}
	if arn, _, ok := s.keys.DescribeForLaunch(p.account, p.region, key); ok {
		return arn
	}
	return key
}

// keyReference makes an ARN of a key's id or alias without looking at the key.
func keyReference(p place, key string) string {
	switch {
	case strings.HasPrefix(key, "arn:") || key == ebsAlias:
		return key
	case strings.HasPrefix(key, "alias/"):
		return fmt.Sprintf("arn:aws:kms:%s:%s:%s", p.region, p.account, key)
	}
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", p.region, p.account, key)
}
