package kms

// A Use is what a service asks KMS on a caller's behalf.
type Use struct {
	EncryptionContext map[string]string
	ViaService        string // as in "ec2.eu-west-1.amazonaws.com"; "" = the caller asks directly
	ForAWSResource    bool   // kms:GrantIsForAWSResource of grant operations

	// Grantee and GrantOperations are the grant that CreateGrant makes.
	Grantee         string
	GrantOperations []string
}
