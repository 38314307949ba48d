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
		switch k.meta.KeyState {
		case types.KeyStateDisabled:
			return wire.Errorf("DisabledException", "%s is disabled.", k.arn())
		case types.KeyStatePendingDeletion:
			return k.pendingDeletion()
		}
	case "EnableKey", "DisableKey", "ScheduleKeyDeletion", "CreateAlias", "UpdateAlias", "TagResource", "UntagResource":
		if k.meta.KeyState == types.KeyStatePendingDeletion {
			return k.pendingDeletion()
		}
	case "CancelKeyDeletion":
		if k.meta.KeyState != types.KeyStatePendingDeletion {
			return wire.Errorf("KMSInvalidStateException", "%s is not pending deletion.", k.arn())
		}
	}
	return nil
}

func (k *key) pendingDeletion() error {
	return wire.Errorf("KMSInvalidStateException", "%s is pending deletion.", k.arn())
}
