package activity

// rules are asked in this order: a text that names its reason exactly comes
// before one that only resembles it. Every rule has a captured text in
// testdata/samples.tsv.
//
// Sources: "ASG guide" is the troubleshooting chapter of the Auto Scaling user
// guide (https://docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html),
// "StateReason" the EC2 API's list
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html),
// "key-state" https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html;
// owner/repository#n is an issue on GitHub.
//
//nolint:gochecknoglobals // read-only; a function as long would be no function
var rules = []rule{
	// KMS by name. The state and the access can't be told apart by any of these.
	{"invalid-kms-key", KMSAccess, []string{"client.invalidkmskey"}, "aws-samples/eks-workshop-v2; hashicorp/terraform-provider-aws#39904"},
	{"client-error-on-launch", KMSAccess, []string{"client.internalerror", "client error on launch"}, "ASG guide, ts-as-instancelaunchfailure; gruntwork-io/terratest#693"},
	{"inaccessible-kms-key", KMSAccess, []string{"encrypted with an inaccessible aws kms key"}, "aws/aws-cdk#34491"},
	{"kms-not-authorized", KMSAccess, []string{"is not authorized to perform: kms:"}, "AWS re:Post, KMS access of EKS node groups"},
	{"kms-invalid-state", KMSAccess, []string{"kmsinvalidstateexception"}, "key-state"},
	{"kms-disabled", KMSAccess, []string{"disabledexception"}, "key-state"},
	{"ebs-key-disabled", KMSAccess, []string{":kms:", ":key/", " is disabled"}, "EBS events, createVolume failed"},
	{"ebs-key-pending", KMSAccess, []string{":kms:", ":key/", " is pending "}, "EBS events, createVolume and attachVolume failed"},

	// The role itself: heals by itself within a minute, or the role is gone.
	{"role-seconds-old", SLRNotReady, []string{"authentication failure."}, "measured: role 4.4 s old (CloudTrail shows no call)"},
	{"role-not-assumable", SLRNotReady, []string{"access denied when attempting to assume role", "aws-service-role/autoscaling"}, "pelias-deprecated/kubernetes#32"},

	{"lifecycle-hook", Lifecycle, []string{"lifecycle action", "abandon"}, "ASG guide, CHAP_Troubleshooting"},
	{"elb-health-check", HealthCheck, []string{"taken out of service in response to an elb"}, "ASG guide, ts-as-healthchecks"},
	{"ec2-status-check", HealthCheck, []string{"taken out of service in response to an ec2"}, "ASG guide, ts-as-healthchecks"},
	{"ec2-health-check", HealthCheck, []string{"taken out of service in response to a ec2 health check"}, "aws/aws-parallelcluster#1401"},
	{"instance-shut-down", HealthCheck, []string{"client.instanceinitiatedshutdown"}, "StateReason"},
	{"user-shut-down", HealthCheck, []string{"client.userinitiatedshutdown"}, "StateReason"},
	{"terminated-for-image", HealthCheck, []string{"client.instanceterminated"}, "StateReason"},
	{"scheduled-stop", HealthCheck, []string{"server.scheduledstop"}, "StateReason"},

	// Limits come before Server.InternalError: AWS has sent
	// Code Server.InternalError with Message Client.VolumeLimitExceeded.
	{"volume-limit", Quota, []string{"volumelimitexceeded"}, "EC2 guide, troubleshooting-launch; StateReason"},
	{"vcpu-limit", Quota, []string{"requested more vcpu capacity than your current vcpu limit"}, "recorded activity; EC2 error codes, VcpuLimitExceeded"},
	{"instance-limit", Quota, []string{"requested more instances", "than your current instance limit"}, "kubernetes/autoscaler#1263"},
	{"spot-count", Quota, []string{"max spot instance count exceeded"}, "aws-deepracer-community/deepracer-on-the-spot#55"},
	{"fleet-requests", Quota, []string{"reached your quota"}, "terraform-aws-modules/terraform-aws-eks#2149"},
	{"already-running", Quota, []string{"instance(s) are already running"}, "ASG guide, ts-as-capacity"},

	{"spot-termination", Spot, []string{"server.spotinstancetermination"}, "StateReason"},
	{"spot-price", Spot, []string{"spot request price", "is lower than the minimum"}, "ASG guide, CHAP_Troubleshooting"},
	{"spot-capacity", Spot, []string{"there is no spot capacity available"}, "ASG guide, ts-as-capacity; cortexlabs/cortex#1258"},
	{"spot-fleet", Spot, []string{"could not launch spot instances"}, "buildkite/elastic-ci-stack-for-aws#851"},
	{"spot-placed", InProgress, []string{"placed spot instance request"}, "recorded activity in progress"},

	{"free-tier", Account, []string{"not eligible for free tier"}, "recorded activity"},
	{"not-subscribed", Account, []string{"you are not subscribed to this service"}, "ASG guide, ts-as-instancelaunchfailure (2013)"},
	{"pending-verification", Account, []string{"pendingverification"}, "openshift/hive, install-log-regexes"},
	{"no-launch-configurations", Account, []string{"launch configuration creation operation is not available in your account"}, "aws/aws-elastic-beanstalk-cli#525"},

	{"insufficient-instance-capacity", Capacity, []string{"insufficientinstancecapacity"}, "StateReason"},
	{"not-sufficient-capacity", Capacity, []string{"do not have sufficient", "capacity"}, "ASG guide, ts-as-capacity"},
	{"reservation-capacity", Capacity, []string{"does not have sufficient compatible and available capacity"}, "ASG guide, ts-as-capacity"},
	{"capacity-block", Capacity, []string{"capacity block reservation", "is not active"}, "ASG guide, ts-as-capacity"},
	{"insufficient-capacity", Capacity, []string{"insufficient capacity"}, "recorded activity"},
	{"type-not-in-zone", Capacity, []string{"requested instance type", "is not supported in your requested availability zone"}, "ASG guide, ts-as-instancelaunchfailure"},
	{"placement-group-type", Placement, []string{"placement groups may not be used with instances of type"}, "ASG guide, ts-as-instancelaunchfailure"},
	{"placement-group-zone", Placement, []string{"placement group has already been used in another availability zone"}, "recorded activity"},

	{"marketplace-terms", Image, []string{"you need to accept terms and subscribe"}, "ansible/ansible#43375"},
	{"image-missing", Image, []string{"the ami id", "does not exist"}, "ASG guide, ts-as-ami"},
	{"image-id-missing", Image, []string{"the image id", "does not exist"}, "ASG guide, ts-as-ami (2014)"},
	{"image-pending", Image, []string{"ami ", "is pending, and cannot be run"}, "ASG guide, ts-as-ami"},
	{"image-not-authorized", Image, []string{"not authorized for images"}, "citrix/citrix-adc-aws-cloudformation#4"},
	{"image-architecture", Image, []string{"does not match the architecture in the manifest for ami"}, "ASG guide, ts-as-ami"},
	{"image-virtualization", Image, []string{"amis with a virtualization type of"}, "ASG guide, ts-as-ami (2013)"},
	{"snapshot-missing", Image, []string{"invalidsnapshot.notfound"}, "StateReason"},

	{"refused-encrypted-flag", Refused, []string{"cannot specify the encrypted flag"}, "hashicorp/terraform#5608"},
	{"refused-dependency", Refused, []string{"the parameter", "requires the parameter", "to be set"}, "keithvassallomt/parsec-aws-automation#12"},
	{"refused-configuration", Refused, []string{"requested configuration is currently not supported"}, "EC2 guide, troubleshooting-launch"},
	{"ephemeral-name", BlockDevice, []string{"for parameter virtualname is invalid", "ephemeral"}, "ASG guide, ts-as-instancelaunchfailure"},
	{"image-virtual-name", Image, []string{"for parameter virtualname is invalid"}, "ASG guide, ts-as-ami"},
	{"device-name", BlockDevice, []string{"invalid device name"}, "ASG guide, ts-as-instancelaunchfailure"},
	{"instance-store-mapping", BlockDevice, []string{"ebs block device mappings not supported"}, "ASG guide, ts-as-instancelaunchfailure"},
	{"snapshot-of-non-ebs", BlockDevice, []string{"snapshotid can only be modified on ebs devices"}, "recorded event in cloud-custodian/cloud-custodian"},
	{"block-device-mapping", BlockDevice, []string{"invalidblockdevicemapping"}, "hashicorp/packer#2285"},

	{"key-pair", KeyPair, []string{"the key pair", "does not exist"}, "ASG guide, ts-as-instancelaunchfailure"},
	{"instance-profile", InstanceProfile, []string{"iaminstanceprofile"}, "hashicorp/terraform-provider-aws#4769"},
	{"instance-profile-arn", InstanceProfile, []string{":instance-profile/"}, "hashicorp/terraform-provider-aws#31282"},
	{"security-group", Network, []string{"the security group", "does not exist"}, "ASG guide, ts-as-instancelaunchfailure"},
	{"security-group-vpc", Network, []string{"security groups in the launch template are not linked to the vpcs"}, "mludvig/aws-ethereum-miner#3"},
	{"zone-gone", Network, []string{"requested availability zone is no longer supported"}, "ASG guide, ts-as-instancelaunchfailure"},
	{"subnet-full", Network, []string{"not enough free addresses in subnet"}, "EC2 error codes, InsufficientFreeAddressesInSubnet"},
	{"subnet-missing", Network, []string{"the subnet id", "does not exist"}, "openshift/hive, install-log-regexes"},

	{"load-balancer-role", Authorization, []string{"accessdenied", "iam:createservicelinkedrole"}, "openshift/hive, install-log-regexes"},
	{"load-balancer-validation", LoadBalancer, []string{"load balancer configuration failed"}, "ASG guide, ts-as-loadbalancer"},

	{"launch-template-denied", Authorization, []string{"not authorized to use launch template"}, "eksctl-io/eksctl#834"},
	{"operation-denied", Authorization, []string{"you are not authorized to perform this operation"}, "openshift/hive, install-log-regexes"},
	{"organization-policy", Authorization, []string{"explicit deny in a service control policy"}, "openshift/hive, install-log-regexes"},
	{"role-creation-denied", Authorization, []string{"authfailure.servicelinkedrolecreationnotpermitted"}, "aws/karpenter-provider-aws pkg/errors"},

	{"launch-template-missing", Template, []string{"the specified launch template", "does not exist"}, "EC2 error codes, InvalidLaunchTemplateId"},
	{"launch-template-invalid", Template, []string{"must use a valid fully-formed launch template"}, "ryanmurakami/hbfl#58"},
	{"group-missing", Group, []string{"autoscalinggroup", "not found"}, "ASG guide, ts-as-instancelaunchfailure (2013)"},

	// What is left of the two internal errors says nothing.
	{"server-error", Ambiguous, []string{"server.internalerror"}, "StateReason; cloudcaptainsh/cloudcaptain#204"},
	{"client-error", Ambiguous, []string{"client.internalerror"}, "StateReason"},
}
