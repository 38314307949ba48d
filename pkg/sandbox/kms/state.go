package kms

import (
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/wire"
)

// refusedByState returns KMS's answer where the key's state doesn't allow an
// operation.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func (k *key) refusedByState(operation string) error {
	switch operation {
	case "Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "CreateGrant":
		return k.unusable()
	case "EnableKey", "ReplicateKey":
		if k.meta.KeyState == types.KeyStateCreating {
			return wire.Errorf("KMSInvalidStateException", "%s is creating.", k.arn())
		}
		return k.pendingDeletion()
	case "DisableKey", "ScheduleKeyDeletion", "CreateAlias", "UpdateAlias", "TagResource", "UntagResource":
		return k.pendingDeletion()
	case "CancelKeyDeletion":
		if k.pendingDeletion() == nil {
			return wire.Errorf("KMSInvalidStateException", "%s is not pending deletion.", k.arn())
		}
	}
	return nil
}

func (k *key) unusable() error {
	switch k.meta.KeyState {
	case types.KeyStateDisabled:
		return wire.Errorf("DisabledException", "%s is disabled.", k.arn())
	case types.KeyStateCreating:
		return wire.Errorf("KMSInvalidStateException", "%s is creating.", k.arn())
	}
	return k.pendingDeletion()
}

func (k *key) pendingDeletion() error {
	if k.meta.KeyState != types.KeyStatePendingDeletion && k.meta.KeyState != types.KeyStatePendingReplicaDeletion {
		return nil
	}
	return wire.Errorf("KMSInvalidStateException", "%s is pending deletion.", k.arn())
}
