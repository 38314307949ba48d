# keymend export web-prod --format terraform: account 111122223333, eu-west-1
# Written by Keymend v1.2.3. Nothing was changed.
#
# 1 of 1, with credentials of account 111122223333; it comes to: the group may
# launch again
# group  web-prod
# why    /dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3
# note   Auto Scaling stopped it, and no person

# Terraform has no resource for this. Someone of account 111122223333 runs:
#   aws autoscaling resume-processes --auto-scaling-group-name web-prod --scaling-processes Launch --region eu-west-1
