package kms

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/wire"
)

func (s *Service) cryptography() []wire.Operation {
	return []wire.Operation{
		wire.Handle("Encrypt", s.Encrypt), wire.Handle("Decrypt", s.Decrypt),
		wire.Handle("GenerateDataKeyWithoutPlaintext", s.GenerateDataKeyWithoutPlaintext),
	}
}

// A ciphertext only remembers what was asked for: the sandbox keeps nothing
// secret. What it is for is who may make and read one.
type ciphertext struct {
	Key     string            `json:"key"`
	Context map[string]string `json:"context,omitempty"`
	Plain   []byte            `json:"plain"`
}

func (s *Service) seal(ctx context.Context, name *string, operation string, encryptionContext map[string]string, plain []byte, dry *bool) ([]byte, *string, error) {
	c := wire.CallerOf(ctx)
	k, err := s.find(c, name, operation)
	if err != nil {
		return nil, nil, err
	}
	if err := s.crypt(ctx, k, operation, encryptionContext, dry); err != nil {
		return nil, nil, err
	}
	blob, err := json.Marshal(ciphertext{k.arn(), encryptionContext, plain})
	return blob, new(k.arn()), err
}

func (s *Service) crypt(ctx context.Context, k *key, operation string, encryptionContext map[string]string, dry *bool) error {
	err := s.authorize(ctx, k, request{operation: operation, use: Use{EncryptionContext: encryptionContext}})
	if err == nil && dry != nil && *dry {
		err = dryRun()
	}
	return err
}

// Encrypt answers with a blob that Decrypt reads. It is not encrypted.
func (s *Service) Encrypt(ctx context.Context, in *kms.EncryptInput) (*kms.EncryptOutput, error) {
	blob, arn, err := s.seal(ctx, in.KeyId, "Encrypt", in.EncryptionContext, in.Plaintext, in.DryRun)
	if err != nil {
		return nil, err
	}
	return &kms.EncryptOutput{CiphertextBlob: blob, KeyId: arn, EncryptionAlgorithm: types.EncryptionAlgorithmSpecSymmetricDefault}, nil
}

// GenerateDataKeyWithoutPlaintext answers with a sealed data key.
func (s *Service) GenerateDataKeyWithoutPlaintext(ctx context.Context, in *kms.GenerateDataKeyWithoutPlaintextInput) (*kms.GenerateDataKeyWithoutPlaintextOutput, error) {
	blob, arn, err := s.seal(ctx, in.KeyId, "GenerateDataKeyWithoutPlaintext", in.EncryptionContext, []byte(ident.Hex())[:32], in.DryRun)
	if err != nil {
		return nil, err
	}
	return &kms.GenerateDataKeyWithoutPlaintextOutput{CiphertextBlob: blob, KeyId: arn}, nil
}

// Decrypt reads what Encrypt made, given the same encryption context.
func (s *Service) Decrypt(ctx context.Context, in *kms.DecryptInput) (*kms.DecryptOutput, error) {
	var sealed ciphertext
	if json.Unmarshal(in.CiphertextBlob, &sealed) != nil || !maps.Equal(sealed.Context, in.EncryptionContext) {
		return nil, wire.Errorf("InvalidCiphertextException", "")
	}
	k, err := s.find(wire.CallerOf(ctx), new(here(wire.CallerOf(ctx), sealed.Key)), "Decrypt")
	if err == nil {
		err = s.crypt(ctx, k, "Decrypt", in.EncryptionContext, in.DryRun)
	}
	if err != nil {
		return nil, err
	}
	return &kms.DecryptOutput{KeyId: new(k.arn()), Plaintext: sealed.Plain, EncryptionAlgorithm: types.EncryptionAlgorithmSpecSymmetricDefault}, nil
}
