package census_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/encoding/cbor"

	"keymend/infra/cdkcontext"
	"keymend/infra/template"
	"keymend/pkg/account"
	"keymend/pkg/census"
	"keymend/pkg/coverage"
	"keymend/pkg/quote"
	"keymend/pkg/sandbox/cloudformation"
)

const (
	hub           = "999900001111"
	management    = "000011112222"
	administrator = "333344445555"
	theUnit       = "ou-a1b2-22222222"
)

// seventeen are the Regions that are enabled by default.
const seventeen = "eu-west-1,us-east-1,us-east-2,us-west-1,us-west-2,ap-south-1,ap-northeast-1,ap-northeast-2,ap-northeast-3,ap-southeast-1,ap-southeast-2,ca-central-1,eu-central-1,eu-north-1,eu-west-2,eu-west-3,sa-east-1"

// An inMemory is an AWS that answers at once: an organization in which all stands.
// Accounts in ill do something else.
type inMemory struct {
	t      testing.TB
	many   int
	ill    map[string]string // by account: throttle, refuse, hang, suspend
	rules  map[string]string // ListRules by Region, and the ListTargetsByRule
	tags   string
	trusts map[string]string // by the role
	wave   map[string]string // by Region and name

	mu    sync.Mutex
	calls map[string]int // by operation
}

func newInMemory(t testing.TB, o cdkcontext.Organization, many int) *inMemory {
	t.Helper()
	m := &inMemory{t: t, many: many, ill: map[string]string{}, rules: map[string]string{}, wave: map[string]string{}, trusts: map[string]string{}, calls: map[string]int{}}
	var doc map[string]any
	must(t, json.Unmarshal(template.MemberRegion(), &doc))
	hubs := map[string]any{}
	for _, r := range o.Regions {
		hubs[r] = map[string]string{"Region": o.Regions[0]}
	}
	doc["Mappings"] = map[string]any{"Hub": hubs}
	body, err := json.Marshal(doc)
	must(t, err)
	for _, r := range o.Regions {
		must(t, cloudformation.Load(body, "ACCOUNT", r, map[string]string{"HubAccount": hub, "Mode": "observe"}, m))
	}
	must(t, cloudformation.Load(template.MemberRoles(), "ACCOUNT", o.Regions[0], nil, m))
	return m
}

// Make takes a resource of the members' templates in.
func (m *inMemory) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	text := func(name string) string { s, _ := r.Properties[name].(string); return s }
	line := func(v any) string {
		out, err := json.Marshal(v)
		must(m.t, err)
		return string(out)
	}
	switch r.Type {
	case "AWS::Events::Rule":
		m.rules[r.Region] += line(map[string]any{"Name": text("Name"), "State": "ENABLED", "EventPattern": line(r.Properties["EventPattern"])}) + ","
		m.rules[r.Region+text("Name")] = line(map[string]any{"Targets": r.Properties["Targets"]})
	case "AWS::SSM::Parameter":
		m.wave[r.Region+text("Name")] = text("Value")
	case "AWS::IAM::Role":
		m.trusts[text("RoleName")] = line(r.Properties["AssumeRolePolicyDocument"])
		tag := r.Properties["Tags"].([]any)[0].(map[string]any)
		m.tags = fmt.Sprintf("<member><Key>%s</Key><Value>%s</Value></member>", tag["Key"], tag["Value"])
	}
	return cloudformation.Made{Ref: r.LogicalID, Attributes: map[string]string{"Arn": "arn"}}, nil
}

func id(n int) string { return fmt.Sprintf("1%011d", n) }

// Do implements the SDK's HTTP client.
func (m *inMemory) Do(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	part := strings.Split(scope, "/") // who/day/Region/service
	form := map[string]string{}
	for pair := range strings.SplitSeq(string(body), "&") {
		key, value, _ := strings.Cut(pair, "=")
		form[key] = strings.NewReplacer("%3A", ":", "%2F", "/").Replace(value)
	}
	operation := form["Action"]
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		operation = target[strings.LastIndexByte(target, '.')+1:]
	} else if at := strings.LastIndex(r.URL.Path, "/operation/"); at >= 0 {
		operation = r.URL.Path[at+len("/operation/"):]
	}
	m.mu.Lock()
	m.calls[operation]++
	m.mu.Unlock()
	status, answer := m.Answered(r, operation, part[0], part[2], form, body)
	return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(answer)), Header: http.Header{"Smithy-Protocol": {"rpc-v2-cbor"}}}, nil
}

func (m *inMemory) Answered(r *http.Request, operation, who, region string, form map[string]string, body []byte) (int, []byte) {
	xml := func(result string) []byte {
		return fmt.Appendf(nil, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", operation, result)
	}
	switch operation {
	case "AssumeRole":
		_, account, _ := strings.Cut(form["RoleArn"], "iam::")
		account = account[:12]
		switch m.ill[account] {
		case "refuse":
			return 403, []byte("<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>")
		case "hang":
			<-r.Context().Done()
			return 500, nil
		}
		return 200, xml("<Credentials><AccessKeyId>" + account + "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>" + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + "</Expiration></Credentials>")
	case "GetRole":
		if m.trusts[form["RoleName"]] == "" {
			return 404, []byte("<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>")
		}
		return 200, xml("<Role><RoleName>r</RoleName><AssumeRolePolicyDocument>" + url.PathEscape(strings.ReplaceAll(m.trusts[form["RoleName"]], "ACCOUNT", who)) + "</AssumeRolePolicyDocument><Tags>" + m.tags + "</Tags></Role>")
	case "DescribeStackSet":
		var given strings.Builder
		for key, value := range map[string]string{"HubAccount": hub, "OrganizationId": "o-a1b2c3d4e5", "Mode": "observe", "OwnKey": "grant", "ForeignKey": "report", "ResumeSuspended": "0"} {
			given.WriteString("<member><ParameterKey>" + key + "</ParameterKey><ParameterValue>" + value + "</ParameterValue></member>")
		}
		return 200, xml("<StackSet><Parameters>" + given.String() + "</Parameters></StackSet>")
	case "ListStackInstances":
		return 200, xml("<Summaries>" + m.instances(strings.Contains(string(body), "roles")) + "</Summaries>")
	case "ListAccountsForParent":
		return 200, m.accounts()
	case "ListRules":
		if m.ill[who] == "throttle" {
			return 400, []byte(`{"__type":"ThrottlingException","message":"Rate exceeded"}`)
		}
		return 200, []byte(`{"Rules":[` + strings.TrimSuffix(m.rules[region], ",") + `]}`)
	case "ListTargetsByRule":
		var in struct{ Rule string }
		_ = json.Unmarshal(body, &in)
		return 200, []byte(strings.ReplaceAll(m.rules[region+in.Rule], "ACCOUNT", who))
	case "GetMetricData":
		return 200, cbor.Encode(cbor.Map{"MetricDataResults": cbor.List{}})
	case "DescribeTrails":
		return 200, []byte(`{"trailList":[{"TrailARN":"arn:aws:cloudtrail:us-east-1:` + who + `:trail/all","HomeRegion":"us-east-1"}]}`)
	case "GetTrailStatus":
		return 200, []byte(`{"IsLogging":true}`)
	case "GetEventSelectors":
		return 200, []byte(`{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true}]}`)
	case "GetParameter":
		var in struct{ Name string }
		_ = json.Unmarshal(body, &in)
		out, _ := json.Marshal(map[string]any{"Parameter": map[string]string{"Value": m.wave[region+in.Name]}})
		return 200, out
	}
	return 200, []byte("{}")
}

func (m *inMemory) accounts() []byte {
	var all []map[string]string
	for i := range m.many {
		state := "ACTIVE"
		if m.ill[id(i)] == "suspend" {
			state = "SUSPENDED"
		}
		all = append(all, map[string]string{"Id": id(i), "Name": "account", "State": state})
	}
	out, _ := json.Marshal(map[string]any{"Accounts": append(all, map[string]string{"Id": management, "State": "ACTIVE"})})
	return out
}

func (m *inMemory) instances(roles bool) string {
	var out strings.Builder
	for i := range m.many {
		for n, region := range strings.Split(seventeen, ",") {
			if n == 0 || !roles {
				fmt.Fprintf(&out, "<member><Account>%s</Account><Region>%s</Region><Status>CURRENT</Status></member>", id(i), region)
			}
		}
	}
	return out.String()
}

func (m *inMemory) total() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum := 0
	for _, n := range m.calls {
		sum += n
	}
	return sum
}

// organization are the settings of one with all Regions.
func organization(t testing.TB) (map[string]string, cdkcontext.Organization) {
	t.Helper()
	context, err := cdkcontext.Read(func(string) string { return "" }, func(name string) ([]byte, error) { return os.ReadFile(filepath.Join("..", "..", name)) })
	must(t, err)
	for name, value := range map[string]string{
		"organizationId": "o-a1b2c3d4e5", "hubAccount": hub, "managementAccount": management, "regions": seventeen, "units": theUnit,
	} {
		context[name] = value
	}
	text, err := cdkcontext.Validate(context, cdkcontext.Stack{})
	must(t, err)
	return text, *cdkcontext.NewOrganization(text)
}

// newCensus is one of an organization in memory.
func newCensus(t testing.TB, many int) (*census.Census, *inMemory) {
	t.Helper()
	text, o := organization(t)
	m := newInMemory(t, o, many)
	e, err := coverage.Expect(o, text, coverage.Asks{Partition: "aws", Account: administrator, Again: "keymend coverage", Placed: func(t quote.Task) string { return t.Command }})
	must(t, err)
	as := func(who string) aws.Config {
		return aws.Config{Region: "eu-west-1", HTTPClient: m, Credentials: credentials.NewStaticCredentialsProvider(who, "s", "")}
	}
	return &census.Census{
		Organization: o, Expected: e, Administrator: as(administrator), AdministratorID: administrator, Auditor: as(hub), Now: time.Now(),
		Members: account.New(as(hub), account.Options{RolePrefix: "keymend-"}),
	}, m
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
