package offline_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"keymend/cmd/keymend/internal/check"
	"keymend/cmd/keymend/internal/offline"
	"keymend/pkg/access"
	"keymend/pkg/apply/table"
	"keymend/pkg/plan"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
	"keymend/pkg/whatif"
)

const (
	accountID = "111122223333"
	region    = "eu-west-1"
	key       = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001"
	slr       = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	root      = `{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
	opens     = `{"Sid":"Use","Effect":"Allow","Principal":{"AWS":"` + slr + `"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey","kms:CreateGrant"],"Resource":"*"}`
	shut      = `{"Version":"2012-10-17","Statement":[` + root + `]}`
	open      = `{"Version":"2012-10-17","Statement":[` + root + `,` + opens + `]}`
	data      = `{"ImageId":"ami-0abc","InstanceType":"m5.large","BlockDeviceMappings":[{"DeviceName":"/dev/xvda","Ebs":{"Encrypted":true,"KmsKeyId":"` + key + `"}}]}`
)

// looker is one for a person at a terminal, as keymend check has it.
func looker(w *offline.World) remediation.Looker {
	return remediation.Looker{
		AWS: w, Kinds: table.Kinds(), Plan: plan.All, Queue: remediation.Nobody{},
		Settings: settings.Config{Mode: settings.Enforce, Scope: settings.AllKeys, Partition: "aws"},
		Person:   access.Principal{ARN: "arn:aws:iam::" + w.Account + ":root"},
	}
}

// run checks the files, in pairs of a name and a text, and returns the answers by group.
func run(t *testing.T, o offline.Options, pairs ...string) map[string]check.Answer {
	t.Helper()
	w, err := offline.Read(files(pairs...), o)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]check.Answer{}
	err = check.Run(t.Context(), looker(w), check.Question{Account: w.Account, Region: w.Region, Groups: w.Groups()}, func(a check.Answer) error {
		out[a.Group] = a
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func files(pairs ...string) []offline.File {
	var out []offline.File
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, offline.File{Name: pairs[i], Text: []byte(pairs[i+1])})
	}
	return out
}

var _ = context.Background
var _ = strings.Contains
var _ = signal.WhyAsked

func TestSmall(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]string{"shut": shut, "open": open} {
		for g, a := range run(t, offline.Options{Account: accountID, Region: region}, "policy.json", policy, "web.json", data) {
			fmt.Printf("%s %s %s %+v\n\n", name, g, a.After, a.Row)
			_ = whatif.Launches
		}
	}
}
