package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"keymend/pkg/sandbox/wire"
)

// ebsAlias stands for the AWS managed key where no default key was chosen.
const ebsAlias = "alias/aws/ebs"

// GetEbsEncryptionByDefault tells whether new volumes are encrypted unasked.
func (s *Service) GetEbsEncryptionByDefault(ctx context.Context, _ *ec2.GetEbsEncryptionByDefaultInput) (*ec2.GetEbsEncryptionByDefaultOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &ec2.GetEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: new(s.store(placeOf(wire.CallerOf(ctx))).encryptByDefault)}, nil
}

// EnableEbsEncryptionByDefault turns encryption by default on.
func (s *Service) EnableEbsEncryptionByDefault(ctx context.Context, _ *ec2.EnableEbsEncryptionByDefaultInput) (*ec2.EnableEbsEncryptionByDefaultOutput, error) {
	s.encryptByDefault(ctx, true)
	return &ec2.EnableEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: new(true)}, nil
}

// DisableEbsEncryptionByDefault turns encryption by default off.
func (s *Service) DisableEbsEncryptionByDefault(ctx context.Context, _ *ec2.DisableEbsEncryptionByDefaultInput) (*ec2.DisableEbsEncryptionByDefaultOutput, error) {
	s.encryptByDefault(ctx, false)
	return &ec2.DisableEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: new(false)}, nil
}

func (s *Service) encryptByDefault(ctx context.Context, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(placeOf(wire.CallerOf(ctx))).encryptByDefault = on
}

// GetEbsDefaultKmsKeyId returns the account's default key: alias/aws/ebs where
// none was chosen (AWS CLI example get-ebs-default-kms-key-id), else what was.
func (s *Service) GetEbsDefaultKmsKeyId(ctx context.Context, _ *ec2.GetEbsDefaultKmsKeyIdInput) (*ec2.GetEbsDefaultKmsKeyIdOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &ec2.GetEbsDefaultKmsKeyIdOutput{KmsKeyId: new(s.store(placeOf(wire.CallerOf(ctx))).chosenKey())}, nil
}

// ModifyEbsDefaultKmsKeyId chooses the default key. A key's id becomes its ARN;
// an alias its own ARN, so that it follows the alias. EC2 doesn't look at the
// key until it is used ("authenticates the KMS key asynchronously").
func (s *Service) ModifyEbsDefaultKmsKeyId(ctx context.Context, in *ec2.ModifyEbsDefaultKmsKeyIdInput) (*ec2.ModifyEbsDefaultKmsKeyIdOutput, error) {
	if in.KmsKeyId == nil || *in.KmsKeyId == "" {
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameter KmsKeyId")
	}
	p := placeOf(wire.CallerOf(ctx))
	key := keyReference(p, *in.KmsKeyId)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(p).defaultKey = key
	return &ec2.ModifyEbsDefaultKmsKeyIdOutput{KmsKeyId: &key}, nil
}

// ResetEbsDefaultKmsKeyId goes back to the AWS managed key, and returns its ARN.
func (s *Service) ResetEbsDefaultKmsKeyId(ctx context.Context, _ *ec2.ResetEbsDefaultKmsKeyIdInput) (*ec2.ResetEbsDefaultKmsKeyIdOutput, error) {
	p := placeOf(wire.CallerOf(ctx))
	key := s.keys.EnsureAWSManaged(p.account, p.region)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(p).defaultKey = ""
	return &ec2.ResetEbsDefaultKmsKeyIdOutput{KmsKeyId: &key}, nil
}

func (st *store) chosenKey() string {
	if st.defaultKey == "" {
		return ebsAlias
	}
	return st.defaultKey
}
