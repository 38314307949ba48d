"""What people write to see which keys their Auto Scaling groups need. It only lists.

listing.py URL ACCOUNT REGION: prints a line of JSON for each group: its template, the
keys that the template names, or the account's default key where it names none, their
state, and whether their policies name a service-linked role of Auto Scaling. What
several groups share is asked for once; one call follows another.
"""

import functools
import json
import sys

import boto3
import botocore.exceptions


class Account:
    """One account in one Region."""

    def __init__(self, url, account, region):
        options = {
            "endpoint_url": url,
            "region_name": region,
            "aws_access_key_id": account,
            "aws_secret_access_key": "any",
        }
        self.groups = boto3.client("autoscaling", **options)
        self.ec2 = boto3.client("ec2", **options)
        self.kms = boto3.client("kms", **options)

    @functools.cache
    def template(self, template, version):
        """Returns the data of a template's version."""
        versions = self.ec2.describe_launch_template_versions(
            LaunchTemplateId=template, Versions=[version]
        )
        return versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]

    @functools.cache
    def default_key(self):
        """Returns the account's default key for EBS volumes."""
        return self.ec2.get_ebs_default_kms_key_id()["KmsKeyId"]

    @functools.cache
    def key(self, name):
        """Says how a key stands, as far as this account may read it."""
        try:
            state = self.kms.describe_key(KeyId=name)["KeyMetadata"]["KeyState"]
            policy = self.kms.get_key_policy(KeyId=name)["Policy"]
        except botocore.exceptions.ClientError as refused:
            return {"key": name, "error": refused.response["Error"]["Code"]}
        named = ":role/aws-service-role/autoscaling.amazonaws.com/" in policy
        return {"key": name, "state": state, "named": named}

    def keys(self, data):
        """Returns the names of the keys of a template's volumes."""
        for mapping in data.get("BlockDeviceMappings", []):
            ebs = mapping.get("Ebs", {})
            if ebs.get("Encrypted"):
                yield ebs.get("KmsKeyId") or self.default_key()

    def list(self):
        """Prints all groups."""
        for page in self.groups.get_paginator("describe_auto_scaling_groups").paginate(
            PaginationConfig={"PageSize": 100}
        ):
            for group in page["AutoScalingGroups"]:
                of = group["LaunchTemplate"]
                data = self.template(of["LaunchTemplateId"], of["Version"])
                row = {
                    "group": group["AutoScalingGroupName"],
                    "template": of["LaunchTemplateId"],
                    "desired": group["DesiredCapacity"],
                    "instances": len(group["Instances"]),
                    "keys": [self.key(name) for name in self.keys(data)],
                }
                print(json.dumps(row))


if __name__ == "__main__":
    Account(*sys.argv[1:4]).list()
