#!/bin/sh
# keymend export web-prod --format cli: account 111122223333, eu-west-1
# Written by Keymend v1.2.3. Nothing was changed.
# Run it with credentials of account 111122223333, as those of the AWS CLI: sh
# FILE; AWS_PROFILE=prod reaches account 111122223333.
# A policy that somebody changed since is left as it is.
#
# 1 of 1, with credentials of account 111122223333; it comes to: the group may
# launch again
# group  web-prod
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3
# note   Auto Scaling stopped it, and no person

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

# 1 of 1
if of 111122223333; then
  aws autoscaling resume-processes --auto-scaling-group-name web-prod --scaling-processes Launch --region eu-west-1
fi

[ -n "$mine" ] || fail "These credentials are of account $account; what is to be done is for account$left."
if [ -n "$left" ]; then say "Done for account $account. Left: the same with credentials of account$left."; exit 0; fi
say 'Done. To see whether the group launches: keymend diagnose web-prod --profile prod --region eu-west-1'
