#!/bin/sh
# keymend export web-prod --format cli: account 111122223333, eu-west-1
# Written by Keymend v1.2.3. Nothing was changed.
# Run it with credentials of account 444455556666, as those of the AWS CLI: sh
# FILE; AWS_PROFILE=prod reaches account 111122223333. Then with those of
# account 111122223333: each run does what is that account's.
# A policy that somebody changed since is left as it is.
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

# merged POLICY STATEMENTS: the policy with the statements; "same" where it has them
merged() { python3 -c '
import json, sys
def flat(v):
    if isinstance(v, dict): return {k: flat(x) for k, x in v.items()}
    if isinstance(v, list): return flat(v[0]) if len(v) == 1 else sorted(map(flat, v), key=str)
    return str(v).lower() if isinstance(v, bool) else v
policy, ours = json.loads(sys.argv[1]), json.loads(sys.argv[2])
have = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
new = [s for s in ours if flat(s) not in map(flat, have)]
for s in new:
    if s["Sid"] in [h.get("Sid") for h in have]: sys.exit("The policy has another statement " + s["Sid"] + ".")
policy["Statement"] = have + new
print(json.dumps(policy) if new else "same")
' "$1" "$2"; }

statements_1() { cat <<'END'
[{"Sid":"KeymendUseBy111122223333","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root"]},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},
{"Sid":"KeymendCreateGrantBy111122223333","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root"]},"Action":["kms:CreateGrant"],"Resource":"*","Condition":{"StringLike":{"kms:GranteePrincipal":"arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*"},"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt","Decrypt","ReEncryptFrom","ReEncryptTo","GenerateDataKey","GenerateDataKeyWithoutPlaintext","DescribeKey","CreateGrant"]}}}]
END
}

# 1 of 2
if of 444455556666; then
  now=$(aws kms get-key-policy --key-id arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002 --policy-name default --query Policy --output text --region eu-west-1)
  after=$(merged "$now" "$(statements_1)") || fail 'Nothing was written: add the statements to the policy of arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002 by hand.'
  if [ "$after" = same ]; then
    say 'The policy of arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002 has it already.'
  else
    aws kms put-key-policy --key-id arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002 --policy-name default --region eu-west-1 --policy "$after"
  fi
fi

# 2 of 2
if of 111122223333; then
  aws kms create-grant --key-id arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002 --grantee-principal arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling --operations CreateGrant Decrypt DescribeKey Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo --name keymend-0123456789abcdef --region eu-west-1
fi

[ -n "$mine" ] || fail "These credentials are of account $account; what is to be done is for account$left."
if [ -n "$left" ]; then say "Done for account $account. Left: the same with credentials of account$left."; exit 0; fi
say 'Done. To see whether the group launches: keymend diagnose web-prod --profile prod --region eu-west-1'
