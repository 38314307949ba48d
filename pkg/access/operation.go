package access

import "strings"

// An operationContext is a request's context as one operation carries it. A
// KMS condition key exists only for the operations that the reference lists it
// for, whatever the rest of the launch carries.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
type operationContext struct {
	Context
	operation string // lower case, without "kms:"; "" = not an operation of KMS
}

func (c operationContext) lookup(key string) ([]string, presence) {
	key = strings.ToLower(key)
	if c.operation != "" && !exists(key, c.operation) {
		return nil, absent
	}
	return c.Context.lookup(key)
}

// exists reports whether requests for the operation can carry the key.
func exists(key, operation string) bool {
	switch key {
	case "kms:grantisforawsresource":
		return operation == "creategrant" || operation == "listgrants" || operation == "revokegrant"
	case "kms:granteeprincipal", "kms:granteeserviceprincipal", "kms:grantoperations", "kms:grantconstrainttype",
		"kms:grantconstraintsourcearn", "kms:retiringprincipal", "kms:retiringserviceprincipal":
		return operation == "creategrant"
	case "kms:bypasspolicylockoutsafetycheck":
		return operation == "putkeypolicy" || operation == "createkey"
	case "kms:reencryptonsamekey":
		return strings.HasPrefix(operation, "reencrypt")
	}
	return existsInUse(key, operation)
}

// existsInUse is exists for the keys that describe the use of a key.
func existsInUse(key, operation string) bool {
	switch key {
	case "kms:encryptionalgorithm":
		return isSymmetric(operation)
	case "kms:requestalias":
		return isSymmetric(operation) || operation == "describekey"
	case "kms:encryptioncontextkeys":
		return hasEncryptionContext(operation)
	}
	return !strings.HasPrefix(key, "kms:encryptioncontext:") || hasEncryptionContext(operation)
}

// hasEncryptionContext: the symmetric operations, and CreateGrant by its
// constraints.
func hasEncryptionContext(operation string) bool {
	return operation == "creategrant" || isSymmetric(operation)
}

// isSymmetric reports whether the operation, in lower case, uses a symmetric
// encryption key.
func isSymmetric(operation string) bool {
	return operation == "encrypt" || operation == "decrypt" ||
		strings.HasPrefix(operation, "reencrypt") || operation == "generatedatakey" || operation == "generatedatakeywithoutplaintext"
}
