"""The field's procedure by hand for an image under another account's key: a copy.

owncopy.py URL ACCOUNT REGION begin IMAGE KEY: copies the image under a key of the
account's own, and prints the copy's id.

owncopy.py URL ACCOUNT REGION use IMAGE TEMPLATE: gives the launch template a version
that names the image and is otherwise the latest one.

procedure.py then lets the group's role use the key.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/CopyingAMIs.html
"""

import sys

import boto3


def main():
    url, account, region, what, image, other = sys.argv[1:7]
    ec2 = boto3.client(
        "ec2",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="any",
    )
    if what == "begin":
        copy = ec2.copy_image(
            SourceRegion=region,
            SourceImageId=image,
            Name="by-hand",
            Encrypted=True,
            KmsKeyId=other,
        )
        print(copy["ImageId"])
        return
    ec2.create_launch_template_version(
        LaunchTemplateId=other,
        SourceVersion="$Latest",
        LaunchTemplateData={"ImageId": image},
    )


main()
