# keymend export web-prod --format terraform: account 111122223333, eu-west-1
# Written by Keymend v1.2.3. Nothing was changed.
#
# 1 of 3, with credentials of account 111122223333; it comes to: role
# AWSServiceRoleForAutoScaling_web made
# group  web-prod
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3

resource "aws_iam_service_linked_role" "keymend_1b131bd8" {
  aws_service_name = "autoscaling.amazonaws.com"
  custom_suffix    = "web"
}

#
# 2 of 3, with credentials of account 111122223333; it comes to: 2 statements
# added (KeymendUse, KeymendCreateGrant)
# group  web-prod
# key    arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3
# opens  the key to
#        arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_web
# risk   whoever may pass the role to an Auto Scaling group (iam:PassRole) in
#        111122223333 can then use this key through it

data "aws_iam_policy_document" "keymend_9f2469de" {
  statement {
    sid       = "KeymendUse"
    effect    = "Allow"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_web"]
    }
  }

  statement {
    sid       = "KeymendCreateGrant"
    effect    = "Allow"
    actions   = ["kms:CreateGrant"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_web"]
    }

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }
}

# The policy is one document, its owner's: this one goes into it. Where the
# key's policy is made, name it as below; the rest stays as it is. A statement
# with the same Sid is replaced.
#   data "aws_iam_policy_document" "key" {
#     # … your own statements, or source_policy_documents …
#     override_policy_documents = [data.aws_iam_policy_document.keymend_9f2469de.json]
#   }
#
#   resource "aws_kms_key_policy" "key" {
#     key_id = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001"
#     policy = data.aws_iam_policy_document.key.json
#
#     depends_on = [aws_iam_service_linked_role.keymend_1b131bd8]
#   }

#
# 3 of 3, with credentials of account 111122223333; it comes to: the group
# launches as AWSServiceRoleForAutoScaling_web instead of
# AWSServiceRoleForAutoScaling
# group  web-prod
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3

# In its aws_autoscaling_group:
#   service_linked_role_arn = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_web"
