package offline_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"keymend/cmd/keymend/internal/offline"
	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/access"
	"keymend/pkg/apply/table"
	"keymend/pkg/plan"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
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

// run checks the files, in pairs of a name and a text, and returns the verdicts by group.
func run(t *testing.T, o offline.Options, pairs ...string) map[string]offline.Verdict {
	t.Helper()
	w, err := offline.Read(files(pairs...), o)
	must(t, err)
	out := map[string]offline.Verdict{}
	must(t, w.Check(t.Context(), looker(w), nil, func(v offline.Verdict) error {
		out[v.Group] = v
		return nil
	}))
	return out
}

func files(pairs ...string) []offline.File {
	var out []offline.File
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, offline.File{Name: pairs[i], Text: []byte(pairs[i+1])})
	}
	return out
}

// here is where files without ARNs are about.
func here() offline.Options { return offline.Options{Account: accountID, Region: region} }

func with(do func(*offline.Options)) offline.Options {
	o := here()
	do(&o)
	return o
}

// device is a template's data with one volume.
func device(ebs string) string {
	return `{"ImageId":"ami-0abc","BlockDeviceMappings":[{"DeviceName":"/dev/xvda","Ebs":` + ebs + `}]}`
}

const (
	image     = `{"Images":[{"ImageId":"ami-0abc","OwnerId":"111122223333","State":"available","BlockDeviceMappings":[{"DeviceName":"/dev/xvda","Ebs":{"SnapshotId":"snap-1","Encrypted":true}}]}]}`
	plain     = `{"Images":[{"ImageId":"ami-0abc","OwnerId":"111122223333","State":"available","BlockDeviceMappings":[{"DeviceName":"/dev/xvda","Ebs":{"SnapshotId":"snap-1","Encrypted":false}}]}]}`
	described = `{"KeyMetadata":{"AWSAccountId":"111122223333","KeyId":"1a2b3c4d-0000-4000-8000-000000000001","Arn":"` + key + `","CreationDate":1.7e9,"KeyState":"Enabled","KeyManager":"CUSTOMER"}}`
	granted   = `{"Grants":[{"KeyId":"` + key + `","GrantId":"g1","IssuingAccount":"arn:aws:iam::111122223333:root","GranteePrincipal":"` + slr + `","CreationDate":"2026-03-02 09:00:00.123000+00:00","Operations":["CreateGrant","Decrypt","DescribeKey","Encrypt","GenerateDataKey","GenerateDataKeyWithoutPlaintext","ReEncryptFrom","ReEncryptTo"]}],"Truncated":false}`
	role      = `{"Role":{"Path":"/aws-service-role/autoscaling.amazonaws.com/","RoleName":"AWSServiceRoleForAutoScaling","RoleId":"AROAEXAMPLE","Arn":"` + slr + `","CreateDate":"2026-03-02T08:59:58+00:00","AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[]}}}`
	made      = "a group with web.json"
)

// TestVerdicts: what the files say of a launch, and what would tell the rest.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	theirKey := strings.Replace(key, accountID, theirs, 1)
	for name, tc := range map[string]struct {
		o     offline.Options
		files []string
		group string // "" = made
		state whatif.State
		code  report.Code
		says  string // in what is said, left out, unknown or asked for, in this order
	}{
		"shut":                         {o: here(), files: []string{"policy.json", shut, "web.json", data}, state: whatif.Fails, code: 3, says: "isn't open to AWSServiceRoleForAutoScaling"},
		"open":                         {o: here(), files: []string{"policy.json", open, "web.json", data}, state: whatif.Launches, says: "the volumes that only ami-0abc has"},
		"where is in the ARN":          {files: []string{"policy.json", open, "web.json", data}, state: whatif.Launches},
		"an answer":                    {o: here(), files: []string{"policy.json", answerOf(shut), "web.json", `{"LaunchTemplateData":` + data + `}`}, state: whatif.Fails, code: 3},
		"a policy as a text":           {o: here(), files: []string{"policy.json", quoted(open), "web.json", data}, state: whatif.Launches},
		"a policy as an object":        {o: here(), files: []string{"policy.json", `{"Policy":` + open + `}`, "web.json", data}, state: whatif.Launches},
		"a byte order mark":            {o: here(), files: []string{"policy.json", "\xef\xbb\xbf" + open, "web.json", data}, state: whatif.Launches},
		"the same twice":               {o: here(), files: []string{"a/1a2b3c4d-0000-4000-8000-000000000001.json", open, "b/1a2b3c4d-0000-4000-8000-000000000001.json", open, "web.json", data}, state: whatif.Launches},
		"a list":                       {o: here(), files: []string{"policy.json", open, "web.json", `[` + data + `]`}, state: whatif.Launches},
		"by an alias":                  {o: here(), files: []string{"policy.json", shut, "web.json", device(`{"Encrypted":true,"KmsKeyId":"alias/platform-ebs"}`)}, state: whatif.Fails, code: 3, says: "its key platform-ebs isn't open"},
		"by an alias that is known":    {o: here(), files: []string{"policy.json", open, "k.json", described, "web.json", device(`{"Encrypted":true,"KmsKeyId":"alias/p"}`), "a.json", `{"Aliases":[{"AliasName":"alias/p","AliasArn":"arn:aws:kms:eu-west-1:111122223333:alias/p","TargetKeyId":"1a2b3c4d-0000-4000-8000-000000000001"}]}`}, state: whatif.Launches},
		"by a grant":                   {o: here(), files: []string{"policy.json", shut, "web.json", data, "grants.json", granted}, state: whatif.Launches},
		"by no grant":                  {o: here(), files: []string{"policy.json", shut, "web.json", data, "grants.json", `{"Grants":[],"Truncated":false}`}, state: whatif.Fails, code: 3},
		"by a grant on a later page":   {o: here(), files: []string{"policy.json", shut, "web.json", data, "g1.json", `{"Grants":[{"KeyId":"` + key + `","GrantId":"g0","Operations":["Decrypt"]}],"Truncated":true,"NextMarker":"m"}`, "g2.json", granted}, state: whatif.Launches},
		"the last page is missing":     {o: here(), files: []string{"policy.json", shut, "web.json", data, "g.json", strings.Replace(granted, `"Truncated":false`, `"NextMarker":"m"`, 1)}, state: whatif.Unknown, code: 4, says: "no file has the last page of the grants"},
		"grants twice":                 {o: here(), files: []string{"policy.json", shut, "web.json", data, "g1.json", granted, "g2.json", granted}, state: whatif.Launches},
		"its key is said":              {o: with(func(o *offline.Options) { o.KeyOf = map[string]string{"./p.json": key} }), files: []string{"p.json", open, "q.json", `{"KeyId":"alias/x","Policy":` + quoted(shut) + `}`, "web.json", data}, state: whatif.Launches},
		"roles, listed":                {o: with(func(o *offline.Options) { o.Strict = true }), files: []string{"policy.json", open, "web.json", data, "i.json", plain, "k.json", described, "g.json", granted, "r.json", strings.Replace(strings.Replace(role, `{"Role":`, `{"Roles":[`, 1), `}}}`, `}}]}`, 1)}, state: whatif.Launches},
		"a launch configuration":       {o: here(), files: []string{"g.json", `{"AutoScalingGroupName":"web","MinSize":1,"MaxSize":2,"LaunchConfigurationName":"lc"}`, "lc.json", `{"LaunchConfigurations":[{"LaunchConfigurationName":"lc","ImageId":"ami-1","BlockDeviceMappings":[{"DeviceName":"/dev/sdf","Ebs":{"Encrypted":true}}]}]}`, "d.json", `{"KmsKeyId":"` + key + `"}`, "p.json", shut}, group: "web", state: whatif.Fails, code: 3, says: "Encrypted without KmsKeyId in launch configuration lc"},
		"without a policy":             {o: here(), files: []string{"web.json", data}, state: whatif.Unknown, code: 4, says: "aws kms get-key-policy --key-id=" + key},
		"default, told by nobody":      {o: here(), files: []string{"web.json", device(`{"Encrypted":true}`)}, state: whatif.Unknown, code: 4, says: "aws ec2 get-ebs-default-kms-key-id"},
		"by default, told by nobody":   {o: here(), files: []string{"web.json", device(`{"VolumeSize":8}`)}, state: whatif.Unknown, code: 4, says: "aws ec2 get-ebs-encryption-by-default"},
		"by default, off":              {o: here(), files: []string{"web.json", device(`{"VolumeSize":8}`), "d.json", `{"EbsEncryptionByDefault":false}`}, state: whatif.Launches, says: "it needs no customer managed key"},
		"by default, as a person says": {o: with(func(o *offline.Options) { o.ByDefault, o.DefaultKey = new(true), "alias/ours" }), files: []string{"web.json", device(`{"VolumeSize":8}`), "d.json", `{"EbsEncryptionByDefault":false}`, "p.json", shut}, state: whatif.Fails, code: 3, says: "ours isn't open"},
		"the default key of a file":    {o: here(), files: []string{"web.json", device(`{"Encrypted":true}`), "k.json", `{"KmsKeyId":"` + key + `"}`, "p.json", open}, state: whatif.Launches},
		"AWS's own default key":        {o: here(), files: []string{"web.json", device(`{"Encrypted":true}`), "k.json", `{"KmsKeyId":"alias/aws/ebs"}`}, state: whatif.Launches},
		"AWS's own key, named":         {o: here(), files: []string{"web.json", device(`{"Encrypted":true,"KmsKeyId":"alias/aws/ebs"}`)}, state: whatif.Launches},
		"snapshot, told by nobody":     {o: here(), files: []string{"policy.json", open, "web.json", data, "i.json", image}, state: whatif.Unknown, code: 4, says: "aws ec2 describe-snapshots --snapshot-ids=snap-1"},
		"snapshot, unencrypted":        {o: here(), files: []string{"policy.json", open, "web.json", data, "i.json", plain}, state: whatif.Launches},
		"snapshot, shut all the same":  {o: here(), files: []string{"policy.json", shut, "web.json", data, "i.json", image}, state: whatif.Fails, code: 3},
		"an image, told by nobody":     {o: here(), files: []string{"policy.json", open, "web.json", data, "i.json", `{"Images":[]}`, "s.json", `{"Snapshots":[{"SnapshotId":"snap-9"}]}`}, state: whatif.Unknown, code: 4, says: "aws ec2 describe-images --image-ids=ami-0abc"},
		"a disabled key":               {o: here(), files: []string{"policy.json", open, "web.json", data, "k.json", strings.Replace(described, "Enabled", "Disabled", 1)}, state: whatif.Fails, code: 4, says: "is disabled"},
		"another Region's key":         {o: here(), files: []string{"web.json", strings.ReplaceAll(data, region, "us-east-1")}, state: whatif.Unknown, code: 4},
		"no key at all":                {o: here(), files: []string{"web.json", device(`{"Encrypted":true,"KmsKeyId":"arn:aws:s3:::bucket"}`)}, state: whatif.Fails, code: 4, says: "its key arn:aws:s3:::bucket doesn't exist"},
		"another account's key":        {o: here(), files: []string{"web.json", strings.ReplaceAll(data, key, theirKey)}, state: whatif.Unknown, code: 4, says: "aws kms list-grants --key-id=" + theirKey},
		"another account's, granted":   {o: here(), files: []string{"web.json", strings.ReplaceAll(data, key, theirKey), "k.json", strings.ReplaceAll(described, accountID, theirs), "p.json", open, "g.json", strings.ReplaceAll(granted, key, theirKey)}, state: whatif.Launches},
		"another account's, not":       {o: here(), files: []string{"web.json", strings.ReplaceAll(data, key, theirKey), "k.json", strings.ReplaceAll(described, accountID, theirs), "p.json", open, "g.json", `{"Grants":[]}`}, state: whatif.Fails, code: 3, says: "isn't open"},
		"strictly":                     {o: with(func(o *offline.Options) { o.Strict = true }), files: []string{"policy.json", open, "web.json", data}, state: whatif.Unknown, code: 4, says: "exists isn't told"},
		"strictly, with all":           {o: with(func(o *offline.Options) { o.Strict = true }), files: []string{"policy.json", open, "web.json", data, "i.json", plain, "k.json", described, "g.json", granted, "r.json", role}, state: whatif.Launches},
		"a role of another name":       {o: with(func(o *offline.Options) { o.Role = "AWSServiceRoleForAutoScaling_web" }), files: []string{"policy.json", open, "web.json", data}, state: whatif.Fails, code: 3, says: "AWSServiceRoleForAutoScaling_web"},
		"a group to be made":           {o: here(), files: []string{"policy.json", open, "web.json", data, "g.json", `{"AutoScalingGroupName":"web","MinSize":1,"MaxSize":2,"LaunchTemplate":{"LaunchTemplateName":"web","Version":"7"}}`}, group: "web", state: whatif.Launches},
		"a template of no file":        {o: here(), files: []string{"g.json", `{"AutoScalingGroupName":"web","MinSize":1,"MaxSize":2,"LaunchTemplate":{"LaunchTemplateName":"web","Version":"7"}}`}, group: "web", state: whatif.Unknown, code: 4, says: "nothing is told of launch template web version 7"},
		"a configuration of no file":   {o: here(), files: []string{"g.json", `{"AutoScalingGroupName":"web","MinSize":1,"MaxSize":2,"LaunchConfigurationName":"lc"}`}, group: "web", state: whatif.Unknown, code: 4, says: "nothing is told of launch configuration lc"},
		"a parameter for the image":    {o: here(), files: []string{"policy.json", open, "web.json", strings.Replace(data, "ami-0abc", "resolve:ssm:/golden", 1)}, state: whatif.Launches, says: "the volumes that only ssm:/golden has"},
		"China":                        {files: []string{"policy.json", strings.ReplaceAll(strings.ReplaceAll(open, "arn:aws:", "arn:aws-cn:"), region, "cn-north-1"), "web.json", strings.ReplaceAll(strings.ReplaceAll(data, "arn:aws:", "arn:aws-cn:"), region, "cn-north-1")}, state: whatif.Launches},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := run(t, tc.o, tc.files...)
			v, ok := all[cmp.Or(tc.group, made)]
			if !ok || len(all) != 1 {
				t.Fatalf("%v", slices.Collect(maps.Keys(all)))
			}
			text, err := json.Marshal(v.JSON(accountID, region))
			must(t, err)
			if v.After != tc.state || v.Code() != tc.code || !strings.Contains(string(text), tc.says) {
				t.Errorf("%s %d, want %s %d with %q\n%s", v.After, v.Code(), tc.state, tc.code, tc.says, text)
			}
			if (tc.code == report.Fixable) != (len(v.Add) > 0) {
				t.Errorf("adds %+v", v.Add)
			}
			if strings.Contains(string(text), "ID-OF") {
				t.Errorf("names a key that there isn't: %s", text)
			}
		})
	}
}

func answerOf(policy string) string {
	return `{"Policy":` + quoted(policy) + `,"PolicyName":"default"}`
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// TestWrongFiles: every file that can't be used is named, with what was expected of it.
func TestWrongFiles(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		o     offline.Options
		files []string
		want  []string
	}{
		"YAML":                  {here(), []string{"p.yml", "Version: '2012-10-17'\nStatement:\n"}, []string{"p.yml: is YAML, and has to be JSON"}},
		"YAML, a list":          {here(), []string{"p.yml", "- Effect: Allow\n"}, []string{"p.yml: is YAML"}},
		"Terraform":             {here(), []string{"main.tf", "resource \"aws_kms_key\" \"k\" {\n}\n"}, []string{"main.tf: is Terraform's"}},
		"XML":                   {here(), []string{"p.xml", "<Response/>"}, []string{"p.xml: is XML"}},
		"a cut file":            {here(), []string{"p.json", "{\n\"Statement\": ["}, []string{"p.json: is no JSON that can be read"}},
		"a comma too many":      {here(), []string{"p.json", "{\n\"Statement\": [],\n}"}, []string{"line 3"}},
		"nothing":               {here(), []string{"p.json", " \n"}, []string{"p.json: is empty"}},
		"an empty object":       {here(), []string{"p.json", "{}"}, []string{"p.json: is an empty object"}},
		"a number":              {here(), []string{"p.json", "7"}, []string{"p.json: holds nothing that check knows"}},
		"null":                  {here(), []string{"p.json", "null"}, []string{"p.json: holds nothing that check knows"}},
		"UTF-16":                {here(), []string{"p.json", "\xff\xfe{\x00"}, []string{"p.json: is UTF-16"}},
		"no text":               {here(), []string{"p.json", "\x80\x81"}, []string{"p.json: isn't text in UTF-8"}},
		"two values":            {here(), []string{"p.json", open + open}, []string{"p.json: goes on after"}},
		"huge":                  {here(), []string{"p.json", strings.Repeat(" ", 65<<20)}, []string{"p.json: has more than 64 MB"}},
		"deep":                  {here(), []string{"p.json", strings.Repeat("[", 20000)}, []string{"p.json: is no JSON that can be read"}},
		"CloudFormation":        {here(), []string{"t.json", `{"Resources":{}}`}, []string{"t.json: is a CloudFormation template"}},
		"Terraform's plan":      {here(), []string{"t.json", `{"planned_values":{}}`}, []string{"t.json: is Terraform's plan"}},
		"instances":             {here(), []string{"t.json", `{"Reservations":[]}`}, []string{"t.json: is about instances"}},
		"another file":          {here(), []string{"package.json", `{"name":"x","version":"1"}`}, []string{"package.json: holds nothing that check knows, by its members name, version"}},
		"in another case":       {here(), []string{"t.json", `{"launchTemplateData":{}}`}, []string{`t.json: has "launchTemplateData": AWS calls it LaunchTemplateData`}},
		"a member in another":   {here(), []string{"t.json", device(`{"encrypted":true}`)}, []string{"t.json: BlockDeviceMappings[0].Ebs.encrypted: AWS calls it Encrypted"}},
		"a text for a boolean":  {here(), []string{"t.json", device(`{"Encrypted":"true"}`)}, []string{"t.json: BlockDeviceMappings.Ebs.Encrypted is of the type string, and has to be true or false"}},
		"an identity's policy":  {here(), []string{"p.json", `{"Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`}, []string{"p.json: has a policy whose statement #0 names no Principal"}},
		"a bucket's policy":     {here(), []string{"p.json", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}`}, []string{"p.json: has a policy whose statement #0 is about nothing of KMS"}},
		"a broken policy":       {here(), []string{"p.json", `{"Policy":"{"}`}, []string{"p.json: has a key policy that can't be read"}},
		"templates of no list":  {here(), []string{"t.json", `{"LaunchTemplateVersions":{}}`}, []string{"t.json: LaunchTemplateVersions has to be a list"}},
		"groups of no objects":  {here(), []string{"t.json", `{"AutoScalingGroups":[1]}`}, []string{"t.json: AutoScalingGroups[0] has to be an object"}},
		"a group from an id":    {here(), []string{"g.json", `{"AutoScalingGroupName":"g","InstanceId":"i-1"}`}, []string{"g.json: makes a group from an instance"}},
		"two grants of one id":  {here(), []string{"g1.json", granted, "g2.json", strings.Replace(granted, "DescribeKey", "Sign", 1), "web.json", data}, []string{"g2.json: has grant g1 otherwise than g1.json"}},
		"a contradiction":       {here(), []string{"a.json", `{"EbsEncryptionByDefault":true}`, "b.json", `{"EbsEncryptionByDefault":false}`, "web.json", data}, []string{"b.json: has of the account EBS encryption by default otherwise than a.json"}},
		"two policies of a key": {here(), []string{"a-1a2b3c4d-0000-4000-8000-000000000001.json", open, "b-1a2b3c4d-0000-4000-8000-000000000001.json", shut, "web.json", data}, []string{"otherwise than a-1a2b3c4d"}},
		"no launch":             {here(), []string{"p.json", `{"KeyId":"` + key + `","Policy":` + quoted(open) + `}`}, []string{"no file says what is launched"}},
		"a policy of no key":    {here(), []string{"p.json", open, "web.json", device(`{"VolumeSize":8}`)}, []string{"p.json: has a key policy, and which key that is of isn't said, and no file names one"}},
		"policies of no keys":   {here(), []string{"p.json", open, "q.json", shut, "web.json", data}, []string{"p.json: has a key policy, and which key", "--key-of p.json=KEY", "q.json: has a key policy"}},
		"a key of no policy":    {with(func(o *offline.Options) { o.KeyOf = map[string]string{"x.json": key} }), []string{"web.json", data}, []string{"x.json: isn't a file that needs a key to be said"}},
		"another key":           {with(func(o *offline.Options) { o.KeyOf = map[string]string{"p.json": "alias/x"} }), []string{"p.json", `{"KeyId":"` + key + `","Policy":` + quoted(open) + `}`, "web.json", data}, []string{"p.json: is of key " + key + ", and not of alias/x"}},
		"a key that is none":    {with(func(o *offline.Options) { o.KeyOf = map[string]string{"p.json": "arn:aws:s3:::bucket"} }), []string{"p.json", open, "web.json", data}, []string{`p.json: is of "arn:aws:s3:::bucket", which is no key`}},
		"no account":            {offline.Options{Region: region}, []string{"web.json", device(`{}`)}, []string{"no file says which account they are about; say so with --account"}},
		"two accounts":          {offline.Options{}, []string{"web.json", data, "g.json", `{"AutoScalingGroups":[{"AutoScalingGroupName":"a","AutoScalingGroupARN":"arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1:autoScalingGroupName/a"},{"AutoScalingGroupName":"b","AutoScalingGroupARN":"arn:aws:autoscaling:eu-west-1:444455556666:autoScalingGroup:1:autoScalingGroupName/b"}]}`}, []string{"the files are about several: 111122223333, 444455556666; say which is meant with --account"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := offline.Read(files(tc.files...), tc.o)
			if err == nil {
				t.Fatal("it is taken")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q isn't in:\n%v", want, err)
				}
			}
		})
	}
}

// TestAllFaultsAreSaid: one bad file doesn't hide another.
func TestAllFaultsAreSaid(t *testing.T) {
	t.Parallel()
	_, err := offline.Read(files("a.json", "{", "b.json", "x: y", "c.json", `{"x":1}`), here())
	var all *offline.FilesError
	if !errors.As(err, &all) || len(all.Problems) != 3 || all.Hint() == "" {
		t.Errorf("%v", err)
	}
}

// TestNotes: what doesn't count is said.
func TestNotes(t *testing.T) {
	t.Parallel()
	w, err := offline.Read(files("web.json", device(`{"Encrypted":false,"Shiny":1}`), "s.json", `{"Snapshots":[],"NextToken":"x"}`), here())
	must(t, err)
	if got := strings.Join(w.Notes(), "\n"); !strings.Contains(got, "web.json: BlockDeviceMappings[0].Ebs.Shiny isn't known here") || !strings.Contains(got, "s.json is one page of several") {
		t.Error(got)
	}
}

// TestVersions: of a template that no group uses, the latest and the default version would
// be launched.
func TestVersions(t *testing.T) {
	t.Parallel()
	version := func(n int, def bool, ebs string) string {
		return fmt.Sprintf(`{"LaunchTemplateId":"lt-1","LaunchTemplateName":"web","VersionNumber":%d,"DefaultVersion":%t,"LaunchTemplateData":%s}`, n, def, device(ebs))
	}
	named := `{"Encrypted":true,"KmsKeyId":"` + key + `"}`
	all := run(t, here(), "t.json", `{"LaunchTemplateVersions":[`+version(1, true, named)+`,`+version(2, false, `{"Encrypted":true,"KmsKeyId":"alias/aws/ebs"}`)+`]}`, "p.json", shut)
	if latest, def := all["a group with web"], all["a group with web $Default"]; len(all) != 2 || latest.After != whatif.Launches || def.After != whatif.Fails {
		t.Errorf("%+v", all)
	}
}
