package wiring_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"keymend/pkg/account"
	"keymend/pkg/apply/table"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
	"keymend/pkg/wiring"
)

var update = flag.Bool("update", false, "rewrite the table of calls in docs/benchmarks.md") //nolint:gochecknoglobals // a flag

const (
	callsAccount = "111122223333"
	callsRegion  = "eu-west-1"
	callsRole    = "arn:aws:iam::" + callsAccount + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

// A fleet is an account on the wire. Where every answer takes one second, what
// passes on the clock is the number of round trips that had to wait for one
// another. Group i launches from template i mod templates; the template's own
// image has a snapshot under the key i mod keys.
type fleet struct {
	templates, keys int
	wait            time.Duration // of every answer

	mu    sync.Mutex
	calls map[string]int
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
	if answer == "" {
		status = http.StatusBadRequest
	}
	if strings.HasPrefix(answer, "{") {
		kind = "application/x-amz-json-1.1"
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

func (f *fleet) answer(r *http.Request, body string) (name, answer string) {
	if _, action, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
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
		id := form.Get("LaunchTemplateId")
		return fmt.Sprintf(`<R><launchTemplateVersionSet><item><launchTemplateId>%s</launchTemplateId><versionNumber>7</versionNumber><launchTemplateData><imageId>ami-%d</imageId></launchTemplateData></item></launchTemplateVersionSet></R>`, id, number(id))
	case "DescribeImages":
		for _, id := range values(form, "ImageId.") {
			fmt.Fprintf(&out, `<item><imageId>%s</imageId><imageState>available</imageState><imageOwnerId>%s</imageOwnerId><blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><snapshotId>snap-%d</snapshotId><encrypted>true</encrypted></ebs></item></blockDeviceMapping></item>`, id, callsAccount, number(id))
		}
		return `<R><imagesSet>` + out.String() + `</imagesSet></R>`
	case "DescribeSnapshots":
		for _, id := range values(form, "SnapshotId.") {
			fmt.Fprintf(&out, `<item><snapshotId>%s</snapshotId><ownerId>%s</ownerId><encrypted>true</encrypted><kmsKeyId>%s</kmsKeyId></item>`, id, callsAccount, keyARN(number(id)%f.keys))
		}
		return `<R><snapshotSet>` + out.String() + `</snapshotSet></R>`
	}
	return ""
}

func (f *fleet) kms(action, body string) string {
	var in struct{ KeyId string }
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		return ""
	}
	switch action {
	case "DescribeKey":
		return `{"KeyMetadata":{"Arn":"` + in.KeyId + `","KeyId":"k","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","KeyState":"Enabled","KeyUsage":"ENCRYPT_DECRYPT","Origin":"AWS_KMS"}}`
	case "GetKeyPolicy":
		return `{"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::` + callsAccount + `:root\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}]}"}`
	case "ListGrants":
		return `{"Grants":[],"Truncated":false}`
	case "ListResourceTags":
		return `{"Tags":[{"TagKey":"keymend","TagValue":"remediate"}],"Truncated":false}`
	case "ListAliases":
		return `{"Aliases":[],"Truncated":false}`
	}
	return ""
}

func keyARN(i int) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/1a2b3c4d-0000-4000-8000-00000000%04d", callsRegion, callsAccount, i)
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

// nowhere keeps no records.
type nowhere struct{}

// Write implements remediation.Log.
func (nowhere) Write(context.Context, record.Record) error { return nil }

// configOf is the account's own credentials, with which the fleet is asked.
func configOf(f *fleet) aws.Config {
	return aws.Config{Region: callsRegion, HTTPClient: f, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")}
}

// diagnose looks at so many groups in one invocation, and returns the calls by
// name and the round trips that had to wait for one another.
func diagnose(t *testing.T, groups, templates, keys int) (map[string]int, int) {
	t.Helper()
	f := &fleet{templates: templates, keys: keys, wait: time.Second, calls: map[string]int{}}
	rounds := 0
	synctest.Test(t, func(t *testing.T) {
		world := wiring.AWS{Sessions: account.New(configOf(f), account.Options{})}
		if _, err := world.Sessions.Self(t.Context()); err != nil { // once in a process, not for each look
			t.Fatal(err)
		}
		clear(f.calls)
		l := &remediation.Looker{
			Settings: settings.Config{Mode: settings.Observe, Scope: settings.Tagged, OwnKey: settings.OwnKeyAuto},
			AWS:      world, Queue: remediation.Nobody{}, Log: nowhere{}, Kinds: table.Kinds(), Plan: plan.All,
		}
		var looks []signal.Look
		for i := range groups {
			looks = append(looks, signal.Look{Why: signal.WhyLaunchUnsuccessful, Account: callsAccount, Region: callsRegion, Group: "web-" + strconv.Itoa(i)})
		}
		l = l.Together(looks)
		start := time.Now()
		for i, s := range looks {
			found, err := l.Diagnose(t.Context(), s)
			if err != nil || len(found) != 1 || found[0].Finding.Facts.Key.ARN != keyARN(i%templates%keys) || found[0].Record.Outcome != outcome.Observed {
				t.Fatalf("%s: %+v, %v", s.Group, found, err)
			}
		}
		rounds = int(time.Since(start) / time.Second)
	})
	return f.calls, rounds
}

// TestCalls holds what a look costs, and the table of it in docs/benchmarks.md.
func TestCalls(t *testing.T) {
	const document, begin, end = "../../docs/benchmarks.md", "<!-- made by pkg/wiring TestCalls -->\n", "<!-- end of it -->\n"
	one, oneRounds := diagnose(t, 1, 1, 1)
	many, manyRounds := diagnose(t, 500, 10, 5)
	least := map[string][2]int{ // one group; 500 groups with 10 templates and 5 keys
		"autoscaling:DescribeAutoScalingGroups": {1, 5}, "ec2:DescribeLaunchTemplateVersions": {1, 10},
		"ec2:GetEbsEncryptionByDefault": {1, 1}, "ec2:GetEbsDefaultKmsKeyId": {1, 1},
		"ec2:DescribeImages": {1, 1}, "ec2:DescribeSnapshots": {1, 1}, "iam:GetRole": {1, 1},
		"kms:DescribeKey": {1, 5}, "kms:GetKeyPolicy": {1, 5}, "kms:ListGrants": {1, 5}, "kms:ListResourceTags": {1, 5}, "kms:ListAliases": {1, 5},
	}
	var table strings.Builder
	table.WriteString("| call | one group | possible | 500 groups | possible |\n|---|---:|---:|---:|---:|\n")
	var sum [4]int
	for _, name := range slices.Sorted(maps.Keys(union(one, many, least))) {
		row := [4]int{one[name], least[name][0], many[name], least[name][1]}
		if row[0] != row[1] || row[2] != row[3] {
			t.Errorf("%s: %d calls for one group, %d possible; %d for 500, %d possible", name, row[0], row[1], row[2], row[3])
		}
		for i := range sum {
			sum[i] += row[i]
		}
		fmt.Fprintf(&table, "| `%s` | %d | %d | %d | %d |\n", name, row[0], row[1], row[2], row[3])
	}
	const possible = 6 // group, template, image, snapshot, key, the key's policy: each names the next
	if oneRounds > possible || manyRounds > possible {
		t.Errorf("round trips one after another: %d for one group, %d for 500; %d are possible", oneRounds, manyRounds, possible)
	}
	fmt.Fprintf(&table, "| **all** | %d | %d | %d | %d |\n| **round trips one after another** | %d | %d | %d | %d |\n", sum[0], sum[1], sum[2], sum[3], oneRounds, possible, manyRounds, possible)
	compare(t, document, begin, end, table.String())
}

func union(one, many map[string]int, least map[string][2]int) map[string]bool {
	out := map[string]bool{}
	for name := range least {
		out[name] = true
	}
	for name := range one {
		out[name] = true
	}
	for name := range many {
		out[name] = true
	}
	return out
}

// compare holds a part of a document to what it was made from.
func compare(t *testing.T, document, begin, end, want string) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	got, tail, whole := strings.Cut(rest, end)
	if !ok || !whole {
		t.Fatalf("%s lacks the marks of this table", document)
	}
	if *update {
		if err := os.WriteFile(document, []byte(head+begin+want+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("%s differs; run with -update:\n%s", document, want)
	}
}
