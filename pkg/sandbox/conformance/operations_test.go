package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// op makes an operation of an SDK method.
func op[I, O, F any](method func(context.Context, *I, ...func(*F)) (*O, error)) operation {
	return func(ctx context.Context, text []byte) (map[string]any, error) {
		in := new(I)
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(in); err != nil {
			return nil, err
		}
		out, err := method(ctx, in)
		if err != nil {
			return nil, err
		}
		return plain(reflect.ValueOf(out)).(map[string]any), nil
	}
}

// goSDK returns the Go SDK's clients of a server.
func goSDK(t *testing.T, endpoint string) sdk {
	t.Helper()
	cfg := aws.Config{
		Region:           region,
		BaseEndpoint:     &endpoint,
		Credentials:      credentials.NewStaticCredentialsProvider(account, "any", ""),
		RetryMaxAttempts: 1,
	}
	all := sdk{}
	for _, part := range []map[string]operation{
		keyOperations(cfg), groupOperations(cfg), computeOperations(cfg), identityOperations(cfg), messageOperations(cfg), organizationOperations(cfg),
	} {
		for name, do := range part {
			all[name] = do
		}
	}
	return all
}

func keyOperations(cfg aws.Config) map[string]operation {
	c := kms.NewFromConfig(cfg)
	return map[string]operation{
		"kms:CancelKeyDeletion":               op(c.CancelKeyDeletion),
		"kms:CreateAlias":                     op(c.CreateAlias),
		"kms:CreateGrant":                     op(c.CreateGrant),
		"kms:CreateKey":                       op(c.CreateKey),
		"kms:Decrypt":                         op(c.Decrypt),
		"kms:DeleteAlias":                     op(c.DeleteAlias),
		"kms:DescribeKey":                     op(c.DescribeKey),
		"kms:DisableKey":                      op(c.DisableKey),
		"kms:EnableKey":                       op(c.EnableKey),
		"kms:Encrypt":                         op(c.Encrypt),
		"kms:GenerateDataKey":                 op(c.GenerateDataKey),
		"kms:GenerateDataKeyWithoutPlaintext": op(c.GenerateDataKeyWithoutPlaintext),
		"kms:GetKeyPolicy":                    op(c.GetKeyPolicy),
		"kms:ListAliases":                     op(c.ListAliases),
		"kms:ListGrants":                      op(c.ListGrants),
		"kms:ListKeyPolicies":                 op(c.ListKeyPolicies),
		"kms:ListKeys":                        op(c.ListKeys),
		"kms:ListResourceTags":                op(c.ListResourceTags),
		"kms:ListRetirableGrants":             op(c.ListRetirableGrants),
		"kms:PutKeyPolicy":                    op(c.PutKeyPolicy),
		"kms:ReplicateKey":                    op(c.ReplicateKey),
		"kms:ReEncrypt":                       op(c.ReEncrypt),
		"kms:RetireGrant":                     op(c.RetireGrant),
		"kms:RevokeGrant":                     op(c.RevokeGrant),
		"kms:ScheduleKeyDeletion":             op(c.ScheduleKeyDeletion),
		"kms:TagResource":                     op(c.TagResource),
		"kms:UntagResource":                   op(c.UntagResource),
		"kms:UpdateAlias":                     op(c.UpdateAlias),
	}
}

func groupOperations(cfg aws.Config) map[string]operation {
	c := autoscaling.NewFromConfig(cfg)
	return map[string]operation{
		"autoscaling:CreateAutoScalingGroup":       op(c.CreateAutoScalingGroup),
		"autoscaling:CreateLaunchConfiguration":    op(c.CreateLaunchConfiguration),
		"autoscaling:CreateOrUpdateTags":           op(c.CreateOrUpdateTags),
		"autoscaling:DeleteAutoScalingGroup":       op(c.DeleteAutoScalingGroup),
		"autoscaling:DeleteLaunchConfiguration":    op(c.DeleteLaunchConfiguration),
		"autoscaling:DeleteWarmPool":               op(c.DeleteWarmPool),
		"autoscaling:DescribeWarmPool":             op(c.DescribeWarmPool),
		"autoscaling:PutWarmPool":                  op(c.PutWarmPool),
		"autoscaling:DescribeAutoScalingGroups":    op(c.DescribeAutoScalingGroups),
		"autoscaling:DescribeAutoScalingInstances": op(c.DescribeAutoScalingInstances),
		"autoscaling:DescribeLaunchConfigurations": op(c.DescribeLaunchConfigurations),
		"autoscaling:DescribeScalingActivities":    op(c.DescribeScalingActivities),
		"autoscaling:DescribeTags":                 op(c.DescribeTags),
		"autoscaling:ResumeProcesses":              op(c.ResumeProcesses),
		"autoscaling:SetDesiredCapacity":           op(c.SetDesiredCapacity),
		"autoscaling:SuspendProcesses":             op(c.SuspendProcesses),
		"autoscaling:UpdateAutoScalingGroup":       op(c.UpdateAutoScalingGroup),
	}
}

func computeOperations(cfg aws.Config) map[string]operation {
	c := ec2.NewFromConfig(cfg)
	return map[string]operation{
		"ec2:CopyImage":                      op(c.CopyImage),
		"ec2:CopySnapshot":                   op(c.CopySnapshot),
		"ec2:CreateLaunchTemplate":           op(c.CreateLaunchTemplate),
		"ec2:CreateLaunchTemplateVersion":    op(c.CreateLaunchTemplateVersion),
		"ec2:CreateSnapshot":                 op(c.CreateSnapshot),
		"ec2:CreateTags":                     op(c.CreateTags),
		"ec2:CreateVolume":                   op(c.CreateVolume),
		"ec2:DeleteLaunchTemplate":           op(c.DeleteLaunchTemplate),
		"ec2:DeleteLaunchTemplateVersions":   op(c.DeleteLaunchTemplateVersions),
		"ec2:DeleteSnapshot":                 op(c.DeleteSnapshot),
		"ec2:DeregisterImage":                op(c.DeregisterImage),
		"ec2:DescribeAvailabilityZones":      op(c.DescribeAvailabilityZones),
		"ec2:DescribeRegions":                op(c.DescribeRegions),
		"ec2:DescribeImageAttribute":         op(c.DescribeImageAttribute),
		"ec2:DescribeImages":                 op(c.DescribeImages),
		"ec2:DescribeInstances":              op(c.DescribeInstances),
		"ec2:DescribeLaunchTemplateVersions": op(c.DescribeLaunchTemplateVersions),
		"ec2:DescribeLaunchTemplates":        op(c.DescribeLaunchTemplates),
		"ec2:DescribeSnapshotAttribute":      op(c.DescribeSnapshotAttribute),
		"ec2:DescribeSnapshots":              op(c.DescribeSnapshots),
		"ec2:DescribeSubnets":                op(c.DescribeSubnets),
		"ec2:DescribeTags":                   op(c.DescribeTags),
		"ec2:DescribeVolumes":                op(c.DescribeVolumes),
		"ec2:DescribeVpcs":                   op(c.DescribeVpcs),
		"ec2:DisableEbsEncryptionByDefault":  op(c.DisableEbsEncryptionByDefault),
		"ec2:DisableImage":                   op(c.DisableImage),
		"ec2:DisableImageDeprecation":        op(c.DisableImageDeprecation),
		"ec2:EnableEbsEncryptionByDefault":   op(c.EnableEbsEncryptionByDefault),
		"ec2:EnableImage":                    op(c.EnableImage),
		"ec2:EnableImageDeprecation":         op(c.EnableImageDeprecation),
		"ec2:GetEbsDefaultKmsKeyId":          op(c.GetEbsDefaultKmsKeyId),
		"ec2:GetEbsEncryptionByDefault":      op(c.GetEbsEncryptionByDefault),
		"ec2:ModifyEbsDefaultKmsKeyId":       op(c.ModifyEbsDefaultKmsKeyId),
		"ec2:ModifyImageAttribute":           op(c.ModifyImageAttribute),
		"ec2:ModifyLaunchTemplate":           op(c.ModifyLaunchTemplate),
		"ec2:ModifySnapshotAttribute":        op(c.ModifySnapshotAttribute),
		"ec2:RegisterImage":                  op(c.RegisterImage),
		"ec2:ResetEbsDefaultKmsKeyId":        op(c.ResetEbsDefaultKmsKeyId),
		"ec2:ResetImageAttribute":            op(c.ResetImageAttribute),
		"ec2:RunInstances":                   op(c.RunInstances),
		"ec2:StartInstances":                 op(c.StartInstances),
		"ec2:StopInstances":                  op(c.StopInstances),
		"ec2:TerminateInstances":             op(c.TerminateInstances),
	}
}

func identityOperations(cfg aws.Config) map[string]operation {
	i, s, p := iam.NewFromConfig(cfg), sts.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	return map[string]operation{
		"iam:CreateRole":                         op(i.CreateRole),
		"iam:CreateServiceLinkedRole":            op(i.CreateServiceLinkedRole),
		"iam:DeleteServiceLinkedRole":            op(i.DeleteServiceLinkedRole),
		"iam:GetServiceLinkedRoleDeletionStatus": op(i.GetServiceLinkedRoleDeletionStatus),
		"iam:DeleteRole":                         op(i.DeleteRole),
		"iam:DeleteRolePolicy":                   op(i.DeleteRolePolicy),
		"iam:GetRole":                            op(i.GetRole),
		"iam:GetRolePolicy":                      op(i.GetRolePolicy),
		"iam:ListRolePolicies":                   op(i.ListRolePolicies),
		"iam:ListRoles":                          op(i.ListRoles),
		"iam:PutRolePolicy":                      op(i.PutRolePolicy),
		"iam:TagRole":                            op(i.TagRole),
		"sts:AssumeRole":                         op(s.AssumeRole),
		"sts:GetCallerIdentity":                  op(s.GetCallerIdentity),
		"ssm:DeleteParameter":                    op(p.DeleteParameter),
		"ssm:GetParameter":                       op(p.GetParameter),
		"ssm:GetParameters":                      op(p.GetParameters),
		"ssm:PutParameter":                       op(p.PutParameter),
		"ssm:LabelParameterVersion":              op(p.LabelParameterVersion),
	}
}

func organizationOperations(cfg aws.Config) map[string]operation {
	o, f, t, m := organizations.NewFromConfig(cfg), cloudformation.NewFromConfig(cfg), cloudtrail.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg)
	return map[string]operation{
		"cloudformation:DescribeStackSet":                   op(f.DescribeStackSet),
		"cloudformation:DescribeStacks":                     op(f.DescribeStacks),
		"cloudformation:ListStackResources":                 op(f.ListStackResources),
		"cloudwatch:DescribeAlarms":                         op(m.DescribeAlarms),
		"cloudwatch:SetAlarmState":                          op(m.SetAlarmState),
		"lambda:GetEventSourceMapping":                      op(lambda.NewFromConfig(cfg).GetEventSourceMapping),
		"lambda:GetFunctionConfiguration":                   op(lambda.NewFromConfig(cfg).GetFunctionConfiguration),
		"lambda:ListFunctions":                              op(lambda.NewFromConfig(cfg).ListFunctions),
		"cloudformation:ListStackInstances":                 op(f.ListStackInstances),
		"cloudformation:ListStackSetOperations":             op(f.ListStackSetOperations),
		"cloudformation:ListStackSets":                      op(f.ListStackSets),
		"cloudtrail:CreateTrail":                            op(t.CreateTrail),
		"cloudtrail:DeleteTrail":                            op(t.DeleteTrail),
		"cloudtrail:DescribeTrails":                         op(t.DescribeTrails),
		"cloudtrail:GetEventSelectors":                      op(t.GetEventSelectors),
		"cloudtrail:GetTrailStatus":                         op(t.GetTrailStatus),
		"cloudtrail:PutEventSelectors":                      op(t.PutEventSelectors),
		"cloudtrail:StartLogging":                           op(t.StartLogging),
		"cloudtrail:StopLogging":                            op(t.StopLogging),
		"cloudwatch:GetMetricData":                          op(m.GetMetricData),
		"organizations:DescribeAccount":                     op(o.DescribeAccount),
		"organizations:DescribeOrganization":                op(o.DescribeOrganization),
		"organizations:DescribePolicy":                      op(o.DescribePolicy),
		"organizations:ListAWSServiceAccessForOrganization": op(o.ListAWSServiceAccessForOrganization),
		"organizations:ListAccounts":                        op(o.ListAccounts),
		"organizations:ListAccountsForParent":               op(o.ListAccountsForParent),
		"organizations:ListDelegatedAdministrators":         op(o.ListDelegatedAdministrators),
		"organizations:ListDelegatedServicesForAccount":     op(o.ListDelegatedServicesForAccount),
		"organizations:ListOrganizationalUnitsForParent":    op(o.ListOrganizationalUnitsForParent),
		"organizations:ListParents":                         op(o.ListParents),
		"organizations:ListPoliciesForTarget":               op(o.ListPoliciesForTarget),
		"organizations:ListRoots":                           op(o.ListRoots),
	}
}

func messageOperations(cfg aws.Config) map[string]operation {
	q, e := sqs.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	l, t := cloudwatchlogs.NewFromConfig(cfg), cloudtrail.NewFromConfig(cfg)
	return map[string]operation{
		"sqs:ChangeMessageVisibility": op(q.ChangeMessageVisibility),
		"sqs:DeleteMessageBatch":      op(q.DeleteMessageBatch),
		"sqs:DeleteQueue":             op(q.DeleteQueue),
		"sqs:PurgeQueue":              op(q.PurgeQueue),
		"sqs:CreateQueue":             op(q.CreateQueue),
		"sqs:DeleteMessage":           op(q.DeleteMessage),
		"sqs:GetQueueAttributes":      op(q.GetQueueAttributes),
		"sqs:GetQueueUrl":             op(q.GetQueueUrl),
		"sqs:ListQueues":              op(q.ListQueues),
		"sqs:ReceiveMessage":          op(q.ReceiveMessage),
		"sqs:SendMessage":             op(q.SendMessage),
		"sqs:SendMessageBatch":        op(q.SendMessageBatch),
		"sqs:SetQueueAttributes":      op(q.SetQueueAttributes),
		"events:DescribeRule":         op(e.DescribeRule),
		"events:ListRules":            op(e.ListRules),
		"events:ListTargetsByRule":    op(e.ListTargetsByRule),
		"events:PutEvents":            op(e.PutEvents),
		"events:DeleteRule":           op(e.DeleteRule),
		"events:DisableRule":          op(e.DisableRule),
		"events:EnableRule":           op(e.EnableRule),
		"events:RemoveTargets":        op(e.RemoveTargets),
		"events:PutRule":              op(e.PutRule),
		"events:CreateEventBus":       op(e.CreateEventBus),
		"events:DescribeEventBus":     op(e.DescribeEventBus),
		"events:PutPermission":        op(e.PutPermission),
		"events:PutTargets":           op(e.PutTargets),
		"events:TestEventPattern":     op(e.TestEventPattern),
		"logs:CreateLogGroup":         op(l.CreateLogGroup),
		"logs:CreateLogStream":        op(l.CreateLogStream),
		"logs:DescribeLogGroups":      op(l.DescribeLogGroups),
		"logs:DescribeLogStreams":     op(l.DescribeLogStreams),
		"logs:FilterLogEvents":        op(l.FilterLogEvents),
		"logs:GetLogEvents":           op(l.GetLogEvents),
		"logs:DeleteLogGroup":         op(l.DeleteLogGroup),
		"logs:PutRetentionPolicy":     op(l.PutRetentionPolicy),
		"logs:PutLogEvents":           op(l.PutLogEvents),
		"cloudtrail:LookupEvents":     op(t.LookupEvents),
		"cloudtrail:DescribeTrails":   op(t.DescribeTrails),
	}
}
