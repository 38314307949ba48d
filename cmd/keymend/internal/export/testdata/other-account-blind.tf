# keymend export web-prod --format terraform: account 111122223333, eu-west-1
# Written by Keymend v1.2.3. Nothing was changed.
#
# 1 of 2, with credentials of account 444455556666; it comes to: 2 statements
# added
# group  web-prod
# key    arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3
# opens  the key to account 111122223333: its administrators may let others
#        there make grants to Auto Scaling's roles, and, where a statement
#        says so, use the key
# risk   whoever administers account 111122223333 decides who there can then
#        use this key

data "aws_iam_policy_document" "keymend_ec136084" {
  statement {
    sid       = "KeymendUseBy111122223333"
    effect    = "Allow"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }
  }

  statement {
    sid       = "KeymendCreateGrantBy111122223333"
    effect    = "Allow"
    actions   = ["kms:CreateGrant"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:GranteePrincipal"
      values   = ["arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*"]
    }

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "kms:GrantOperations"
      values   = ["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant"]
    }
  }
}

# The policy is one document, its owner's: this one goes into it. Where the
# key's policy is made, name it as below; the rest stays as it is. A statement
# with the same Sid is replaced.
#   data "aws_iam_policy_document" "key" {
#     # … your own statements, or source_policy_documents …
#     override_policy_documents = [data.aws_iam_policy_document.keymend_ec136084.json]
#   }
#
#   resource "aws_kms_key_policy" "key" {
#     key_id = "arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002"
#     policy = data.aws_iam_policy_document.key.json
#   }

#
# 2 of 2, with credentials of account 111122223333; it comes to: 1 grant
# group  web-prod
# key    arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3
# opens  the key to
#        arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling
# risk   whoever may create Auto Scaling groups in 111122223333 can then use
#        this key through the role
# note   a grant because: the settings ask for grants

resource "aws_kms_grant" "keymend_c74c3e27" {
  key_id            = "arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002"
  grantee_principal = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
  operations        = ["CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"]
  name              = "keymend-0123456789abcdef"
}
