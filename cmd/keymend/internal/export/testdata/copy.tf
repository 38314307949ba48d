# keymend export web-prod --format terraform: account 111122223333, eu-west-1
# Written by Keymend v1.2.3. Nothing was changed.
#
# 1 of 3, with credentials of account 111122223333; it comes to: 1 copy of
# ami-0a1b
# group  web-prod
# key    arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3

resource "aws_ami_copy" "keymend_e7e2dd76" {
  name              = "web under ours"
  source_ami_id     = "ami-0a1b"
  source_ami_region = "eu-west-1"
  encrypted         = true
  kms_key_id        = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001"
}

#
# 2 of 3, with credentials of account 111122223333; it comes to: 1 version of
# lt-0a1b made of version 3
# group  web-prod
# key    arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3

# In its aws_launch_template:
#   image_id = "ami-0c2d"

#
# 3 of 3, with credentials of account 111122223333; it comes to: the default
# version of lt-0a1b moved
# group  web-prod
# key    arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3

# Nothing can be written down for this beforehand: keymend diagnose --apply
# does it once the steps before it are done.
