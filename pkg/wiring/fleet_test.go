package wiring_test

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A fleet is an account on the wire. Where every answer takes one second, what
// passes on the clock is the number of round trips that had to wait for one
// another. Group i launches from template i mod templates; the template's own
// image has a snapshot under the key i mod keys.
type fleet struct {
	templates, keys int
	keyAccount      string        // "" = the groups' own
	wait            time.Duration // of every answer

	mu     sync.Mutex
	calls  map[string]int
	policy string              // of every key, once somebody wrote it
	grant  map[string]any      // the one that was made
	sent   map[string][]string // bodies by the end of their queue's URL
}

// Do implements aws.HTTPClient.
func (f *fleet) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	time.Sleep(f.wait) // of the bubble's clock
	name, answer := f.answer(r, string(body))
	f.mu.Lock()
	f.calls[name]++
	f.mu.Unlock()
	status, kind := http.StatusOK, "text/xml"
	if answer == "" || strings.Contains(answer, `"__type"`) {
		status = http.StatusBadRequest
	}
	if strings.HasPrefix(answer, "{") {
		kind = "application/x-amz-json-1.1"
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

func (f *fleet) answer(r *http.Request, body string) (name, answer string) {
	if service, action, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		switch service {
		case "AmazonSQS":
			return "sqs:" + action, f.sqs(body)
		case "AmazonSSM":
			return "ssm:" + action, `{"Parameter":{"Name":"/keymend/switch","Value":"on"}}`
		case "CloudTrail_20131101":
			return "cloudtrail:" + action, `{"Events":[]}`
		case "Logs_20140328":
			return "logs:" + action, `{"events":[]}`
		}
		return "kms:" + action, f.kms(action, body)
	}
	form, err := url.ParseQuery(body)
	if err != nil {
		return "unreadable", ""
	}
	action := form.Get("Action")
	switch action {
	case "DescribeAutoScalingGroups":
		return "autoscaling:" + action, f.groups(form)
	case "GetCallerIdentity":
		return "sts:" + action, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>` + callsAccount + `</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	case "AssumeRole":
		return "sts:" + action, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`
	case "GetRole":
		return "iam:" + action, `<GetRoleResponse><GetRoleResult><Role><Arn>` + callsRole + `</Arn><RoleId>AROAEXAMPLE</RoleId></Role></GetRoleResult></GetRoleResponse>`
	}
	return "ec2:" + action, f.ec2(action, form)
}

func (f *fleet) groups(form url.Values) string {
	var out strings.Builder
	for _, name := range values(form, "AutoScalingGroupNames.member.") {
		fmt.Fprintf(&out, `<member><AutoScalingGroupName>%s</AutoScalingGroupName><LaunchTemplate><LaunchTemplateId>lt-%d</LaunchTemplateId><Version>$Latest</Version></LaunchTemplate><ServiceLinkedRoleARN>%s</ServiceLinkedRoleARN></member>`,
			name, number(name)%f.templates, callsRole)
	}
	return `<R><DescribeAutoScalingGroupsResult><AutoScalingGroups>` + out.String() + `</AutoScalingGroups></DescribeAutoScalingGroupsResult></R>`
}

func (f *fleet) ec2(action string, form url.Values) string {
	var out strings.Builder
	switch action {
	case "GetEbsEncryptionByDefault":
		return `<R><ebsEncryptionByDefault>false</ebsEncryptionByDefault></R>`
	case "GetEbsDefaultKmsKeyId":
		return `<R><kmsKeyId>alias/aws/ebs</kmsKeyId></R>`
	case "DescribeLaunchTemplateVersions":
		ids := []string{form.Get("LaunchTemplateId")}
		if ids[0] == "" { // all there are
			ids = nil
			for i := range f.templates {
				ids = append(ids, "lt-"+strconv.Itoa(i))
			}
		}
		for _, id := range ids {
			fmt.Fprintf(&out, `<item><launchTemplateId>%s</launchTemplateId><versionNumber>7</versionNumber><launchTemplateData><imageId>ami-%d</imageId></launchTemplateData></item>`, id, number(id))
		}
		return `<R><launchTemplateVersionSet>` + out.String() + `</launchTemplateVersionSet></R>`
	case "DescribeImages":
		for _, id := range values(form, "ImageId.") {
			fmt.Fprintf(&out, `<item><imageId>%s</imageId><imageState>available</imageState><imageOwnerId>%s</imageOwnerId><blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><snapshotId>snap-%d</snapshotId><encrypted>true</encrypted></ebs></item></blockDeviceMapping></item>`, id, callsAccount, number(id))
		}
		return `<R><imagesSet>` + out.String() + `</imagesSet></R>`
	case "DescribeSnapshots":
		for _, id := range values(form, "SnapshotId.") {
			fmt.Fprintf(&out, `<item><snapshotId>%s</snapshotId><ownerId>%s</ownerId><encrypted>true</encrypted><kmsKeyId>%s</kmsKeyId></item>`, id, callsAccount, f.key(number(id)%f.keys))
		}
		return `<R><snapshotSet>` + out.String() + `</snapshotSet></R>`
	}
	return ""
}

func (f *fleet) kms(action, body string) string {
	var in struct {
		KeyId, Policy string
		DryRun        bool
	}
	var whole map[string]any
	if json.Unmarshal([]byte(body), &in) != nil || json.Unmarshal([]byte(body), &whole) != nil {
		return ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch action {
	case "DescribeKey":
		return `{"KeyMetadata":{"Arn":"` + in.KeyId + `","KeyId":"k","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","KeyState":"Enabled","KeyUsage":"ENCRYPT_DECRYPT","Origin":"AWS_KMS"}}`
	case "GetKeyPolicy":
		policy := f.policy
		if policy == "" {
			policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + strings.Split(in.KeyId, ":")[4] + `:root"},"Action":"kms:*","Resource":"*"}]}`
		}
		return jsonOf(map[string]any{"Policy": policy})
	case "PutKeyPolicy":
		f.policy = in.Policy
		return `{}`
	case "CreateGrant":
		if in.DryRun {
			return `{"__type":"DryRunOperationException","message":"The request would have succeeded, but the DryRun option is set."}`
		}
		f.grant = whole
		f.grant["GrantId"], f.grant["IssuingAccount"] = "g-1", "arn:aws:iam::"+callsAccount+":root"
		return `{"GrantId":"g-1","GrantToken":"t"}`
	case "ListGrants":
		if f.grant == nil {
			return `{"Grants":[],"Truncated":false}`
		}
		return jsonOf(map[string]any{"Grants": []any{f.grant}, "Truncated": false})
	case "ListResourceTags":
		return `{"Tags":[{"TagKey":"keymend","TagValue":"remediate"},{"TagKey":"keymend-accounts","TagValue":"` + callsAccount + `"}],"Truncated":false}`
	case "ListAliases":
		return `{"Aliases":[],"Truncated":false}`
	}
	return ""
}

func (f *fleet) sqs(body string) string {
	var in struct{ QueueUrl, MessageBody string }
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		return ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sent == nil {
		f.sent = map[string][]string{}
	}
	queue := in.QueueUrl[strings.LastIndexByte(in.QueueUrl, '/')+1:]
	f.sent[queue] = append(f.sent[queue], in.MessageBody)
	sum := md5.Sum([]byte(in.MessageBody))
	return jsonOf(map[string]any{"MessageId": "m-" + strconv.Itoa(len(f.sent[queue])), "MD5OfMessageBody": hex.EncodeToString(sum[:])})
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and maps of strings
	}
	return string(text)
}

// key is the ARN of a key by its number.
func (f *fleet) key(i int) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/1a2b3c4d-0000-4000-8000-00000000%04d", callsRegion, cmp.Or(f.keyAccount, callsAccount), i)
}

// number reads the digits at the end of a name.
func number(name string) int {
	n, err := strconv.Atoi(name[strings.LastIndexByte(name, '-')+1:])
	if err != nil {
		return -1
	}
	return n
}

func values(form url.Values, prefix string) []string {
	var out []string
	for i := 1; form.Has(prefix + strconv.Itoa(i)); i++ {
		out = append(out, form.Get(prefix+strconv.Itoa(i)))
	}
	return out
}
