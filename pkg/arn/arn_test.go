package arn_test

import (
	"testing"

	"keymend/pkg/arn"
)

// What an account's id can't be is no owner: whoever writes a template writes any ARN.
func TestOwner(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"arn:aws:kms:eu-west-1:111122223333:key/1": "111122223333", "arn:aws:kms:eu-west-1:12:key/1": "", "arn:aws:kms:eu-west-1::key/1": "",
		"arn:aws:kms:eu-west-1:11112222333x:key/1": "", "arn:aws:kms:eu-west-1:1111222233334:key/1": "", "alias/a": "",
	} {
		if got := arn.Owner(text); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]arn.ARN{
		"arn:aws:kms:eu-west-1:111122223333:key/1a2b": {Partition: "aws", Service: "kms", Region: "eu-west-1", Account: "111122223333", Resource: "key/1a2b"},
		"arn:aws-cn:iam::111122223333:role/a/b":       {Partition: "aws-cn", Service: "iam", Account: "111122223333", Resource: "role/a/b"},
		"arn:aws:ec2:eu-west-1::snapshot/snap-1":      {Partition: "aws", Service: "ec2", Region: "eu-west-1", Resource: "snapshot/snap-1"},
		"arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:uuid:autoScalingGroupName/web": {
			Partition: "aws", Service: "autoscaling", Region: "eu-west-1", Account: "111122223333", Resource: "autoScalingGroup:uuid:autoScalingGroupName/web",
		},
	} {
		if got, ok := arn.Parse(text); !ok || got != want || arn.Account(text) != want.Account || arn.Region(text) != want.Region {
			t.Errorf("%s: %+v", text, got)
		}
	}
	for _, text := range []string{"", "1a2b", "alias/ebs", "arn:aws:kms:eu-west-1:111122223333", "x:aws:kms:eu-west-1:111122223333:key/1a2b"} {
		if got, ok := arn.Parse(text); ok || got != (arn.ARN{}) || arn.Account(text)+arn.Region(text) != "" {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
