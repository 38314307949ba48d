"""The field's procedure by hand: lets an Auto Scaling group launch from a key.

procedure.py URL ACCOUNT REGION KEY: reads the key's policy, adds AWS's two
statements for the default service-linked role, and puts it back.
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


def main():
    url, account, region, key = sys.argv[1:5]
    kms = boto3.client(
        "kms",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="any",
    )
    role = (
        f"arn:aws:iam::{account}:role/aws-service-role/"
        "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    )
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    policy["Statement"] += statements(role)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))


main()
