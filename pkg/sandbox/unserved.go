package sandbox

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"keymend/pkg/sandbox/wire"
)

// unserved lists, by service:Operation, members of requests that no handler reads.
// Those before the bar are refused when they are set: without them the request would
// mean something else. Those after it change nothing that the sandbox has.
const unserved = `
autoscaling:CreateAutoScalingGroup AvailabilityZoneIds AvailabilityZoneImpairmentPolicy CapacityRebalance DeletionProtection DesiredCapacityType InstanceMaintenancePolicy MaxInstanceLifetime PlacementGroup Operator|DefaultInstanceWarmup SkipZonalShiftValidation
autoscaling:CreateLaunchConfiguration ClassicLinkVPCId ClassicLinkVPCSecurityGroups|AssociatePublicIpAddress IamInstanceProfile InstanceMonitoring KernelId MetadataOptions PlacementTenancy RamdiskId
autoscaling:SetDesiredCapacity |HonorCooldown
autoscaling:UpdateAutoScalingGroup AvailabilityZoneIds AvailabilityZoneImpairmentPolicy CapacityRebalance DeletionProtection DesiredCapacityType InstanceMaintenancePolicy MaxInstanceLifetime PlacementGroup|DefaultInstanceWarmup SkipZonalShiftValidation
cloudtrail:CreateTrail |CloudWatchLogsLogGroupArn CloudWatchLogsRoleArn EnableLogFileValidation KmsKeyId S3KeyPrefix SnsTopicName TagsList
cloudtrail:LookupEvents EventCategory
cloudtrail:PutEventSelectors AdvancedEventSelectors
ec2:CopyImage |SnapshotCopyCompletionDurationMinutes
ec2:CopySnapshot |CompletionDurationMinutes PresignedUrl destinationRegion
ec2:CreateLaunchTemplate Operator
ec2:CreateSnapshot Location OutpostArn
ec2:CreateVolume AvailabilityZoneId Operator OutpostArn|Iops MultiAttachEnabled Throughput VolumeInitializationRate
ec2:DescribeAvailabilityZones ZoneIds|AllAvailabilityZones
ec2:DescribeInstances |IncludeManagedResources
ec2:DescribeLaunchTemplateVersions |IncludeManagedResources
ec2:DescribeLaunchTemplates |IncludeManagedResources
ec2:DescribeVolumes |IncludeManagedResources
ec2:RegisterImage BillingProducts ImageLocation UefiData|BootMode KernelId RamdiskId SriovNetSupport TpmSupport
ec2:RunInstances CapacityReservationSpecification ElasticGpuSpecification ElasticInferenceAccelerators HibernationOptions NetworkInterfaces Operator SecondaryInterfaces|AdditionalInfo CpuOptions CreditSpecification DisableApiStop DisableApiTermination EbsOptimized EnablePrimaryIpv6 EnclaveOptions InstanceInitiatedShutdownBehavior Ipv6AddressCount Ipv6Addresses KernelId LicenseSpecifications MaintenanceOptions MetadataOptions MinCount Monitoring NetworkPerformanceOptions PrivateDnsNameOptions PrivateIpAddress RamdiskId SecurityGroupIds SecurityGroups UserData
ec2:StartInstances |AdditionalInfo
ec2:StopInstances |Force SkipOsShutdown
ec2:TerminateInstances |Force SkipOsShutdown
events:CreateEventBus EventSourceName KmsKeyIdentifier LogConfig Tags
events:DeleteRule |Force
events:PutEvents EndpointId
events:PutPermission Action Condition StatementId
events:PutRule Tags
events:RemoveTargets |Force
iam:CreateRole PermissionsBoundary
kms:CreateGrant GranteeServicePrincipal RetiringServicePrincipal|GrantTokens
kms:CreateKey CustomKeyStoreId CustomerMasterKeySpec XksKeyId
kms:Decrypt DryRunModifiers Recipient|EncryptionAlgorithm GrantTokens
kms:DescribeKey |GrantTokens
kms:Encrypt |EncryptionAlgorithm GrantTokens
kms:GenerateDataKeyWithoutPlaintext |GrantTokens NumberOfBytes
kms:ListGrants GranteeServicePrincipal
kms:ListRetirableGrants RetiringServicePrincipal
lambda:GetFunctionConfiguration Qualifier
logs:CreateLogGroup |DeletionProtectionEnabled KmsKeyId Tags
logs:DescribeLogGroups AccountIdentifiers IncludeLinkedAccounts LogGroupIdentifiers LogGroupNamePattern
logs:DescribeLogStreams Descending LogGroupIdentifier OrderBy
logs:FilterLogEvents LogGroupIdentifier|Interleaved Unmask
logs:GetLogEvents LogGroupIdentifier|Unmask
logs:PutLogEvents |Entity SequenceToken
monitoring:DescribeAlarms ActionPrefix AlarmTypes ChildrenOfAlarmName ParentsOfAlarmName
monitoring:GetMetricData |LabelOptions MaxDatapoints ScanBy
monitoring:SetAlarmState |StateReasonData
sqs:CreateQueue Tags
sqs:ReceiveMessage |MessageAttributeNames ReceiveRequestAttemptId WaitTimeSeconds
sqs:SendMessage |MessageSystemAttributes
ssm:GetParameter |WithDecryption
ssm:GetParameters |WithDecryption
ssm:PutParameter AllowedPattern KeyId Policies Tags|Description Tier
sts:AssumeRole ProvidedContexts SerialNumber TokenCode|MinimumSessionTokenSize
`

// notServed returns the members of an operation's requests that no handler reads: those
// that are refused when they are set, and those that change nothing in the sandbox.
func notServed(service, operation string) (refused, idle []string) {
	_, rest, _ := strings.Cut(unserved, "\n"+service+":"+operation+" ")
	line, _, _ := strings.Cut(rest, "\n")
	before, after, _ := strings.Cut(line, "|")
	return strings.Fields(before), strings.Fields(after)
}

// refusing has a service's operations refuse members that the sandbox doesn't have.
func refusing(s wire.Service) wire.Service {
	for i, op := range s.Operations {
		refused, _ := notServed(s.Name, op.Name)
		s.Operations[i].Call = func(ctx context.Context, in any) (any, error) {
			if at := slices.IndexFunc(refused, func(member string) bool { return set(in, member) }); at >= 0 {
				return nil, wire.Errorf("NotInTheSandbox", "%s of %s:%s is not in the sandbox", refused[at], s.Name, op.Name)
			}
			return op.Call(ctx, in)
		}
	}
	return s
}

// set reports whether a request has a member, and not its zero value.
func set(in any, member string) bool {
	f := reflect.ValueOf(in).Elem().FieldByName(member)
	switch {
	case !f.IsValid() || f.IsZero():
		return false
	case f.Kind() == reflect.Pointer:
		return !f.Elem().IsZero()
	}
	return f.Kind() != reflect.Slice || f.Len() > 0
}
