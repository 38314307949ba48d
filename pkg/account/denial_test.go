package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/account"
)

// Texts as AWS wrote them, or as its documentation has them. Account ids and
// names are replaced.
func TestDenialOf(t *testing.T) {
	t.Parallel()
	const me = "User: arn:aws:sts::111122223333:assumed-role/keymend-writer/keymend-r-1 is not authorized to perform: "
	const key = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"
	const scp = "arn:aws:organizations::444455556666:policy/o-example/service_control_policy/p-guardrail"
	for _, tc := range []struct {
		source, code, text string
		want               account.Denial
		words              string
	}{
		{"a public issue: jbrt/ec2cryptomatic#26", "AccessDeniedException",
			me + "kms:Decrypt on resource: " + key + " because no resource-based policy allows the kms:Decrypt action",
			account.Denial{Action: "kms:Decrypt", Resource: key, Policy: account.ResourceBased}, "no resource-based policy allows it"},
		{"public code: the key policy delegates, the caller has nothing", "AccessDeniedException",
			me + "kms:GenerateDataKey on resource: " + key + " because no identity-based policy allows the kms:GenerateDataKey action",
			account.Denial{Action: "kms:GenerateDataKey", Resource: key, Policy: account.IdentityBased}, "no identity-based policy allows it"},
		{"kubernetes-sigs/aws-encryption-provider#141: another account's key", "AccessDeniedException",
			me + "kms:Encrypt on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
			account.Denial{Action: "kms:Encrypt", Policy: account.ResourceBased, Unclear: true},
			"the resource isn't there, or its resource-based policy doesn't allow it or denies it"},
		{"IAM Identity Center's user guide", "AccessDeniedException",
			me + "kms:Decrypt on the resource associated with this ciphertext because no identity-based policy allows the kms:Decrypt action",
			account.Denial{Action: "kms:Decrypt", Policy: account.IdentityBased}, "no identity-based policy allows it"},
		{"a public test of a client of S3", "AccessDeniedException",
			me + "kms:GenerateDataKey on resource: " + key + " because no session policy allows the kms:GenerateDataKey action",
			account.Denial{Action: "kms:GenerateDataKey", Resource: key, Policy: account.SessionBased}, "no session policy allows it"},
		{"IAM user guide, troubleshoot_access-denied: SCP, implicit", "AccessDenied",
			me + "codecommit:ListRepositories because no service control policy allows the codecommit:ListRespositories action",
			account.Denial{Action: "codecommit:ListRepositories", Policy: account.ServiceControlPolicy}, "no service control policy allows it"},
		{"the same: SCP, explicit", "AccessDeniedException",
			me + "kms:PutKeyPolicy on resource: " + key + " with an explicit deny in a service control policy",
			account.Denial{Action: "kms:PutKeyPolicy", Resource: key, Policy: account.ServiceControlPolicy, Explicit: true},
			"an explicit deny in a service control policy"},
		{"captured public logs of EC2, 2026: with the policy's ARN", "UnauthorizedOperation",
			"You are not authorized to perform this operation. " + me + "ec2:CopyImage on resource: arn:aws:ec2:us-east-1:111122223333:image/* with an explicit deny in a service control policy: " + scp + ". Encoded authorization failure message: OIau77",
			account.Denial{Action: "ec2:CopyImage", Resource: "arn:aws:ec2:us-east-1:111122223333:image/*", Policy: account.ServiceControlPolicy, PolicyARN: scp, Explicit: true},
			"an explicit deny in a service control policy (" + scp + ")"},
		{"IAM user guide: identity-based, explicit, with the policy's ARN", "AccessDenied",
			me + "kms:CreateGrant with an explicit deny in an identity-based policy, with policy ARN: arn:aws:iam::111122223333:policy/Example",
			account.Denial{Action: "kms:CreateGrant", Policy: account.IdentityBased, PolicyARN: "arn:aws:iam::111122223333:policy/Example", Explicit: true},
			"an explicit deny in an identity-based policy (arn:aws:iam::111122223333:policy/Example)"},
		{"a public repository of RCPs", "AccessDenied",
			me + "s3:PutObject on resource: \"arn:aws:s3:::b/non-encrypted.txt\" with an explicit deny in a resource control policy",
			account.Denial{Action: "s3:PutObject", Resource: "arn:aws:s3:::b/non-encrypted.txt", Policy: account.ResourceControl, Explicit: true}, "an explicit deny in a resource control policy"},
		{"IAM user guide: permissions boundary, implicit", "AccessDenied",
			me + "sqs:SendMessage on resource: arn:aws:sqs:us-east-1:111122223333: because no permissions boundary allows the sqs:SendMessage action",
			account.Denial{Action: "sqs:SendMessage", Resource: "arn:aws:sqs:us-east-1:111122223333:", Policy: account.PermissionsBoundary}, "no permissions boundary allows it"},
		{"the same: explicit", "AccessDenied", me + "iam:GetRole with an explicit deny in a permissions boundary",
			account.Denial{Action: "iam:GetRole", Policy: account.PermissionsBoundary, Explicit: true}, "an explicit deny in a permissions boundary"},
		{"public logs of SSM: VPC endpoint, implicit", "AccessDeniedException",
			me + "ssm:GetParameter on resource: arn:aws:ssm:eu-west-1:111122223333:parameter/keymend/switch because no VPC endpoint policy allows the ssm:GetParameter action",
			account.Denial{Action: "ssm:GetParameter", Resource: "arn:aws:ssm:eu-west-1:111122223333:parameter/keymend/switch", Policy: account.VPCEndpoint}, "no VPC endpoint policy allows it"},
		{"IAM user guide: VPC endpoint, explicit", "AccessDenied", me + "kms:ListGrants with an explicit deny in a VPC endpoint policy",
			account.Denial{Action: "kms:ListGrants", Policy: account.VPCEndpoint, Explicit: true}, "an explicit deny in a VPC endpoint policy"},
		{"IAM user guide: role trust policy, implicit", "AccessDenied",
			me + "sts:AssumeRole because no role trust policy allows the sts:AssumeRole action",
			account.Denial{Action: "sts:AssumeRole", Policy: account.RoleTrust}, "no role trust policy allows it"},
		{"IAM user guide: role trust policy, explicit", "AccessDenied", me + "sts:AssumeRole with an explicit deny in the role trust policy",
			account.Denial{Action: "sts:AssumeRole", Policy: account.RoleTrust, Explicit: true}, "an explicit deny in a role trust policy"},
		{"STS, as ever", "AccessDenied", me + "sts:AssumeRole on resource: arn:aws:iam::111122223333:role/keymend-writer",
			account.Denial{Action: "sts:AssumeRole", Resource: "arn:aws:iam::111122223333:role/keymend-writer"}, ""},
		{"re:Post, EKS node groups: no reason", "AccessDeniedException", me + "kms:GenerateDataKeyWithoutPlaintext on resource: ARN of KMS key",
			account.Denial{Action: "kms:GenerateDataKeyWithoutPlaintext", Resource: "ARN of KMS key"}, ""},
		{"aws-encryption-sdk-javascript#1005: the old text", "AccessDeniedException",
			"The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
			account.Denial{Action: "kms:GetKeyPolicy"}, ""},
		{"EC2, as ever", "UnauthorizedOperation", "You are not authorized to perform this operation.", account.Denial{Action: "kms:GetKeyPolicy"}, ""},
		{"a kind that isn't known", "AccessDenied", me + "kms:Decrypt with an explicit deny in a data perimeter policy", account.Denial{Action: "kms:Decrypt"}, ""},
	} {
		t.Run(tc.source, func(t *testing.T) {
			t.Parallel()
			got, ok := account.DenialOf(api(tc.code, tc.text))
			if diff := cmp.Diff(tc.want, got); diff != "" || !ok {
				t.Error(ok, diff)
			}
			if got.String() != tc.words {
				t.Errorf("says %q", got)
			}
		})
	}
}

// What isn't a refusal by its code isn't one for what its text says.
func TestDenialOfNeedsTheCode(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errors.New("AccessDenied"), api("MalformedPolicyDocumentException", "is not authorized to perform: kms:Decrypt with an explicit deny in a session policy")} {
		if d, ok := account.DenialOf(err); ok || d != (account.Denial{}) {
			t.Errorf("%v: %+v", err, d)
		}
	}
}

// FuzzDenialOf: whatever AWS writes, what is read is from the text, and the
// words follow from it.
func FuzzDenialOf(f *testing.F) {
	f.Add("User: a is not authorized to perform: kms:Decrypt on resource: r because no resource-based policy allows the kms:Decrypt action")
	f.Add("is not authorized to perform: kms:Encrypt on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access")
	f.Add("is not authorized to perform: x:Y with an explicit deny in a service control policy: arn:aws:o. E")
	f.Add("is not authorized to perform: x:Y with an explicit deny in an identity-based policy, with policy ARN: arn:")
	f.Add("is not authorized to perform: \xff on resource:  with an explicit deny in ")
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := account.DenialOf(&smithy.GenericAPIError{Code: "AccessDenied", Message: text})
		if !ok {
			t.Fatal("a refusal wasn't seen")
		}
		for _, part := range []string{d.Action, d.Resource, d.PolicyARN} {
			if !strings.Contains(text, part) {
				t.Errorf("%q is not in %q", part, text)
			}
		}
		if (d.String() == "") != (d.Policy == "") || d.Policy == "" && (d.Explicit || d.PolicyARN != "") {
			t.Errorf("%+v says %q", d, d)
		}
	})
}
