"""The field's procedure by hand: lets an Auto Scaling group launch from a key.

procedure.py URL ACCOUNT REGION KEY: reads the key's policy, adds AWS's two
statements for the default service-linked role, and puts it back.

procedure.py URL ACCOUNT REGION KEY OWNER: the same for a key of the account
OWNER. There the key's policy gets AWS's two statements for the group's account;
then the group's account makes the grant.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
"""

import json
import sys

import boto3


def statements(role):
    """Returns the two statements of AWS's page."""
    return [
        {
            "Sid": "Allow service-linked role use of the customer managed key",
            "Effect": "Allow",
            "Principal": {"AWS": [role]},
            "Action": [
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:DescribeKey",
            ],
            "Resource": "*",
        },
        {
            "Sid": "Allow attachment of persistent resources",
            "Effect": "Allow",
            "Principal": {"AWS": [role]},
            "Action": ["kms:CreateGrant"],
            "Resource": "*",
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": True}},
        },
    ]


def external(account):
    """Returns the two statements of AWS's page for a key of another account."""
    root = f"arn:aws:iam::{account}:root"
    return [
        {
            "Sid": "Allow external account use of the customer managed key",
            "Effect": "Allow",
            "Principal": {"AWS": [root]},
            "Action": [
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:DescribeKey",
            ],
            "Resource": "*",
        },
        {
            "Sid": "Allow attachment of persistent resources in external account",
            "Effect": "Allow",
            "Principal": {"AWS": [root]},
            "Action": ["kms:CreateGrant"],
            "Resource": "*",
        },
    ]


def client(url, account, region):
    """Returns KMS to an account's administrator."""
    return boto3.client(
        "kms",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="any",
    )


def add(kms, key, more):
    """Adds statements to a key's policy."""
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    policy["Statement"] += more
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))


def main():
    url, account, region, key = sys.argv[1:5]
    role = (
        f"arn:aws:iam::{account}:role/aws-service-role/"
        "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    )
    if len(sys.argv) == 5:
        add(client(url, account, region), key, statements(role))
        return
    add(client(url, sys.argv[5], region), key, external(account))
    client(url, account, region).create_grant(
        KeyId=key,
        GranteePrincipal=role,
        Operations=[
            "Encrypt",
            "Decrypt",
            "ReEncryptFrom",
            "ReEncryptTo",
            "GenerateDataKey",
            "GenerateDataKeyWithoutPlaintext",
            "DescribeKey",
            "CreateGrant",
        ],
    )


main()
