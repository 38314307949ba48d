package conformance_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/conformance/tool"
)

const (
	account = "123456789012"
	region  = "us-east-1"
	further = "eu-west-1"
)

// A project is a directory to deploy from, and moto to deploy to.
type project struct {
	t        *testing.T
	dir, url string
	cli      string // the AWS CLI
	cfg      aws.Config
}

// environment lets nothing leave the machine. moto knows the template's bucket by
// the word localhost.
func (p *project) environment() []string {
	return append(os.Environ(), "AWS_ENDPOINT_URL="+p.url, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_REGION="+region,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "HTTP_PROXY=", "HTTPS_PROXY=", "CDK_DISABLE_CLI_TELEMETRY=true")
}

func newProject(t *testing.T) *project {
	t.Helper()
	moto := tool.Moto("the deployed stack by moto")
	cli := tool.Tool{Program: "aws", Probe: []string{"--version"}, What: "the deployed functions by the AWS CLI"}.Need(t)
	p := &project{t: t, dir: t.TempDir(), url: tool.StartMoto(t, moto, account, os.Environ()), cli: cli}
	p.cfg = aws.Config{Region: region, BaseEndpoint: &p.url, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	app := filepath.Join(p.dir, "app")
	p.must(exec.Command("go", "build", "-o", app, "keymend/infra"))
	text, err := os.ReadFile(filepath.Join("..", "..", "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "go run ./infra", app, 1))
	for name, content := range map[string][]byte{"cdk.json": text, "bootstrap": []byte("#!/bin/sh\n")} {
		if err := os.WriteFile(filepath.Join(p.dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(p.dir, "dist"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"diagnose", "remediate"} {
		p.must(exec.Command("go", "run", "keymend/infra/zip", filepath.Join(p.dir, "bootstrap"), filepath.Join(p.dir, "dist", name+".zip")))
	}
	return p
}

// must runs a program, and returns what it wrote to standard output.
func (p *project) must(cmd *exec.Cmd) string {
	p.t.Helper()
	var trouble strings.Builder
	cmd.Stderr = &trouble
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("%v: %v\n%s%s", cmd.Args, err, out, trouble.String())
	}
	return string(out)
}

// cdk runs the CLI that `make deploy` runs.
func (p *project) cdk(arguments ...string) string {
	p.t.Helper()
	program, err := filepath.Abs(filepath.Join("..", "..", ".tools", "cdk", "node_modules", ".bin", "cdk"))
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		p.t.Fatalf("the CDK's CLI: %v; `sh .ci/cdk` installs it", err)
	}
	cmd := exec.Command(program, arguments...)
	cmd.Dir, cmd.Env = p.dir, p.environment()
	return p.must(cmd)
}

// function is what the AWS CLI says of one.
type function struct {
	FunctionName, Runtime, Role, Handler string
	Environment                          struct{ Variables map[string]string }
}

func (p *project) functions(region string) map[string]function {
	p.t.Helper()
	cmd := exec.Command(p.cli, "lambda", "list-functions", "--endpoint-url", p.url, "--region", region, "--output", "json")
	cmd.Env = p.environment()
	var listed struct{ Functions []function }
	if err := json.Unmarshal([]byte(p.must(cmd)), &listed); err != nil {
		p.t.Fatal(err)
	}
	out := map[string]function{}
	for _, f := range listed.Functions {
		out[f.FunctionName] = f
	}
	return out
}

// The CDK's own CLI bootstraps an account and deploys the stack, with what its context
// says; what is there then is what the template says. An event of a failed launch that
// the deployed rule sends to the deployed queue is one that the functions heal by.
func TestDeploy(t *testing.T) {
	p := newProject(t)
	const several = "keymend:accountRegions=" + region + "," + further
	p.cdk("bootstrap", "--context", several)
	p.cdk("deploy", "keymend", "--no-previous-parameters", "--require-approval", "never", "--context", "keymend:mode=propose", "--context", several)
	functions := p.functions(region)
	for _, name := range []string{"keymend-diagnose", "keymend-remediate"} {
		if f := functions[name]; f.Runtime != "provided.al2023" || f.Handler != "bootstrap" || f.Role != "arn:aws:iam::"+account+":role/"+name || f.Environment.Variables["KEYMEND_MODE"] != "propose" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	p.wantRoles()
	p.wantQueues()
	p.wantRules()
	p.wantHealed(p.delivered())
	p.wantFurtherRegion(several)
}

// wantFurtherRegion deploys the stack of a further Region: the roles are global, and
// those that are there are what its functions run as.
func (p *project) wantFurtherRegion(several string) {
	p.t.Helper()
	roles := p.roles()
	p.cdk("deploy", "keymend-in-*", "--no-previous-parameters", "--parameters", "ApproverRoleId="+roles["keymend-approver"], "--require-approval", "never", "--context", several)
	if diff := cmp.Diff(roles, p.roles()); diff != "" {
		p.t.Errorf("roles (-before +after):\n%s", diff)
	}
	for name, f := range p.functions(further) {
		if f.Role != "arn:aws:iam::"+account+":role/"+name || f.Environment.Variables["KEYMEND_APPROVER_ROLE_ID"] != roles["keymend-approver"] {
			p.t.Errorf("%s in %s: %+v", name, further, f)
		}
	}
}

// roles are the unique ids of Keymend's, by name.
func (p *project) roles() map[string]string {
	p.t.Helper()
	all, err := iam.NewFromConfig(p.cfg).ListRoles(p.t.Context(), &iam.ListRolesInput{})
	if err != nil {
		p.t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range all.Roles {
		if strings.HasPrefix(*r.RoleName, "keymend-") {
			out[*r.RoleName] = *r.RoleId
		}
	}
	return out
}

// Without its flag the CLI would keep the parameters of the last deployment, and a
// change of cdk.json would not get through. moto can't update a stack, so what is
// held is that the CLI still has the flag and the Makefile still gives it.
func TestDeployKeepsNoEarlierParameters(t *testing.T) {
	p := &project{t: t, dir: t.TempDir()}
	if said := p.cdk("deploy", "--help"); !strings.Contains(said, "--previous-parameters") {
		t.Errorf("the CLI has no --previous-parameters:\n%s", said)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil || !strings.Contains(string(text), "deploy keymend --no-previous-parameters") {
		t.Errorf("`make deploy` keeps earlier parameters; %v", err)
	}
}

func (p *project) wantRoles() {
	p.t.Helper()
	out, err := iam.NewFromConfig(p.cfg).ListRoles(p.t.Context(), &iam.ListRolesInput{})
	if err != nil {
		p.t.Fatal(err)
	}
	var got []string
	for _, r := range out.Roles {
		if strings.HasPrefix(*r.RoleName, "keymend-") {
			got = append(got, *r.RoleName)
		}
	}
	slices.Sort(got)
	if want := []string{"keymend-approver", "keymend-diagnose", "keymend-granter", "keymend-policy-writer", "keymend-reader", "keymend-remediate"}; !slices.Equal(got, want) {
		p.t.Errorf("roles %v, want %v", got, want)
	}
}

// wantQueues doesn't look at the queues' policies: moto makes none from a template.
func (p *project) wantQueues() {
	p.t.Helper()
	client := sqs.NewFromConfig(p.cfg)
	for name, dead := range map[string]string{"keymend-signals": "keymend-signals-dead", "keymend-looks": "keymend-looks-dead", "keymend-drift.fifo": "keymend-drift-dead.fifo", "keymend-changes.fifo": "keymend-changes-dead.fifo"} {
		hidden := map[string]string{"keymend-signals": "362", "keymend-looks": "362", "keymend-drift.fifo": "360", "keymend-changes.fifo": "360"}[name]
		out, err := client.GetQueueAttributes(p.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(p.url + "/" + account + "/" + name), AttributeNames: []sqstypes.QueueAttributeName{"All"}})
		if err != nil {
			p.t.Fatal(err)
		}
		if !strings.Contains(out.Attributes["RedrivePolicy"], ":"+dead+`"`) || out.Attributes["VisibilityTimeout"] != hidden {
			p.t.Errorf("%s: %v", name, out.Attributes)
		}
	}
}

func (p *project) wantRules() {
	p.t.Helper()
	client := eventbridge.NewFromConfig(p.cfg)
	rules, err := client.ListRules(p.t.Context(), &eventbridge.ListRulesInput{})
	if err != nil {
		p.t.Fatal(err)
	}
	const launches, refreshes, groups, drift, denials, writes, sweeps = 1, 1, 2, 5, 1, 1, 2
	if len(rules.Rules) != launches+refreshes+groups+drift+denials+writes+sweeps {
		p.t.Errorf("%d rules, want %d", len(rules.Rules), launches+refreshes+groups+drift+denials+writes+sweeps)
	}
	for _, r := range rules.Rules {
		out, err := client.ListTargetsByRule(p.t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: r.Name})
		if err != nil {
			p.t.Fatal(err)
		}
		queue := ":keymend-signals"
		if aws.ToString(r.ScheduleExpression) != "" {
			queue = ":keymend-looks"
		}
		if len(out.Targets) != 1 || !strings.HasSuffix(*out.Targets[0].Arn, queue) || out.Targets[0].DeadLetterConfig == nil || !strings.HasSuffix(*out.Targets[0].DeadLetterConfig.Arn, queue+"-dead") {
			p.t.Errorf("%s sends to %+v", *r.Name, out.Targets)
		}
	}
}

// delivered sends three events, of which one is of a failed launch, and returns the
// message that the deployed rule puts into the deployed queue.
func (p *project) delivered() string {
	p.t.Helper()
	var entries []types.PutEventsRequestEntry
	for _, e := range [][2]string{{"aws.autoscaling", "EC2 Instance Terminate Successful"}, {"aws.autoscaling", "EC2 Instance Launch Unsuccessful"}, {"mine", "EC2 Instance Launch Unsuccessful"}} {
		entries = append(entries, types.PutEventsRequestEntry{Source: &e[0], DetailType: &e[1], Detail: aws.String(`{"AutoScalingGroupName":"web-prod","StatusCode":"Cancelled"}`)})
	}
	if _, err := eventbridge.NewFromConfig(p.cfg).PutEvents(p.t.Context(), &eventbridge.PutEventsInput{Entries: entries}); err != nil {
		p.t.Fatal(err)
	}
	out, err := sqs.NewFromConfig(p.cfg).ReceiveMessage(p.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(p.url + "/" + account + "/keymend-signals"), MaxNumberOfMessages: 10})
	if err != nil {
		p.t.Fatal(err)
	}
	if len(out.Messages) != 1 || !strings.Contains(*out.Messages[0].Body, "web-prod") || !strings.Contains(*out.Messages[0].Body, "EC2 Instance Launch Unsuccessful") {
		p.t.Fatalf("%d messages in the queue of signals", len(out.Messages))
	}
	return *out.Messages[0].Body
}
