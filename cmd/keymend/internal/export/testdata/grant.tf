# keymend export web-prod --format terraform: account 111122223333, eu-west-1
# Written by Keymend v1.2.3. Nothing was changed.
#
# 1 of 1, with credentials of account 111122223333; it comes to: 1 grant
# group  web-prod
# key    arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3
# opens  the key to
#        arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling
# risk   whoever may create Auto Scaling groups in 111122223333 can then use
#        this key through the role
# note   a grant because: the settings ask for grants

resource "aws_kms_grant" "keymend_5c59a856" {
  key_id            = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001"
  grantee_principal = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
  operations        = ["CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"]
  name              = "keymend-0123456789abcdef"
}
