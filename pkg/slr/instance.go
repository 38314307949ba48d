package slr

// Instance returns the ARN of the identity-only role as which EC2 decrypts the volumes
// of an account's instances. It is no service-linked role, and nobody opens anything to
// it: a launch makes a grant to it.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
func Instance(partition, account string) string {
	return "arn:" + partition + ":iam::" + account + ":role/aws:ec2-infrastructure"
}

// InstanceSession returns the other spelling of that role for aws:PrincipalArn: AWS
// publishes it with and without /*, which stands for the instance's id. Which one a
// request has isn't settled.
func InstanceSession(role string) string { return role + "/i-0123456789abcdef0" }
