#!/bin/sh
# keymend export web-prod --format cli: account 111122223333, eu-west-1
# Written by Keymend v1.2.3. Nothing was changed.
# Run it with credentials of account 111122223333, as those of the AWS CLI: sh
# FILE; AWS_PROFILE=prod reaches account 111122223333.
# A policy that somebody changed since is left as it is.
#
# 1 of 3, with credentials of account 111122223333; it comes to: 1 copy of
# ami-0a1b
# group  web-prod
# key    arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3
#
# 2 of 3, with credentials of account 111122223333; it comes to: 1 version of
# lt-0a1b made of version 3
# group  web-prod
# key    arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3
#
# 3 of 3, with credentials of account 111122223333; it comes to: the default
# version of lt-0a1b moved
# group  web-prod
# key    arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3

set -eu
export AWS_PAGER=

account=$(aws sts get-caller-identity --query Account --output text --region eu-west-1)
mine=
left=

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# of ACCOUNT: are the credentials that account's?
of() {
  if [ "$account" = "$1" ]; then mine=yes; return 0; fi
  case " $left " in *" $1 "*) ;; *) left="$left $1" ;; esac
  return 1
}

# 1 of 3
if of 111122223333; then
  aws ec2 copy-image --name 'web under ours' --source-image-id ami-0a1b --source-region eu-west-1 --encrypted --kms-key-id arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001 --region eu-west-1
fi

# 2 of 3
if of 111122223333; then
  aws ec2 create-launch-template-version --launch-template-id lt-0a1b --source-version 3 --launch-template-data '{"ImageId":"ami-0c2d"}' --region eu-west-1
fi

# 3 of 3
# the default version of lt-0a1b moved: nothing can be written down for this beforehand.

[ -n "$mine" ] || fail "These credentials are of account $account; what is to be done is for account$left."
if [ -n "$left" ]; then say "Done for account $account. Left: the same with credentials of account$left."; exit 0; fi
say 'Done. To see whether the group launches: keymend diagnose web-prod --profile prod --region eu-west-1'
