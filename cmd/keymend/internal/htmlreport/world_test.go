package htmlreport_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keymend/cmd/keymend/internal/htmlreport"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/access"
	"keymend/pkg/quote"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	account = "111122223333"
	other   = "444455556666"
	region  = "eu-west-1"
	keyARN  = "arn:aws:kms:" + region + ":" + account + ":key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"
	role    = "arn:aws:iam::" + account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

func made() time.Time { return time.Date(2026, time.March, 2, 9, 41, 0, 0, time.UTC) }

// each goes through rows, as often as it is asked to.
func each(rows ...scan.Row) func(func(scan.Row) error) error {
	return func(do func(scan.Row) error) error {
		for _, r := range rows {
			if err := do(r); err != nil {
				return err
			}
		}
		return nil
	}
}

// written is the page as a text.
func written(t interface {
	Helper()
	Fatal(args ...any)
}, p htmlreport.Page) string {
	t.Helper()
	var out bytes.Buffer
	if p.Made.IsZero() {
		p.Made, p.Version = made(), "v1.2.3"
	}
	if _, err := htmlreport.Write(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// golden holds a page to a file, in which its style and script are named: they stand in
// files of their own. A browser's tests open it, too, with both.
func golden(t *testing.T, name string, p htmlreport.Page) {
	t.Helper()
	got := written(t, p)
	for element, file := range map[string]string{"style": "page.css", "script": "page.js"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		whole := "<" + element + ">" + string(text) + "</" + element + ">"
		if strings.Count(got, whole) != 1 {
			t.Fatalf("the page %s doesn't have %s once", name, file)
		}
		got = strings.Replace(got, whole, "<"+element+">"+file+"</"+element+">", 1)
	}
	path := filepath.Join("testdata", name+".html")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s: go test -update writes it anew (-want +got):\n%s", path, diff)
	}
}

// shut is a key that lets the launch not in, with its fix.
func shut(group string) scan.Key {
	return scan.Key{
		ARN: keyARN, Alias: "alias/platform-ebs", Account: account, State: "Enabled", Decision: access.Denied, Role: role,
		Volumes: []scan.Volume{{Device: "/dev/xvda", Source: "lt-0c11aa22bb33cc44d v17", Because: "encrypted without naming a key: the account's default key"}},
		Why:     []string{`#0 "EnableRoot" lets IAM policies decide; the service-linked role has none for KMS`, `#3 "AllowASG" names the service autoscaling.amazonaws.com; launches run as the role`},
		Missing: []string{"CreateGrant", "GenerateDataKeyWithoutPlaintext"},
		Fix:     "+ 2 statements",
		Do:      []quote.Task{{Account: account, Command: "keymend diagnose " + group + " --apply --profile prod --region eu-west-1"}},
	}
}

func fails(group string) scan.Row {
	return scan.Row{
		Account: account, Region: region, Group: group, State: report.Fails, Says: group + " can't launch: its key alias/platform-ebs isn't open to AWSServiceRoleForAutoScaling",
		Acts: "you, with --apply", Code: 3, Desired: 6, Failed: 9, LastFailed: "2026-03-02T09:39:10Z", Role: role, Sources: []string{"lt-0c11aa22bb33cc44d v17"}, Keys: []scan.Key{shut(group)},
	}
}

func opened(group string) scan.Row {
	k := shut(group)
	k.Decision, k.Why, k.Missing, k.Fix, k.Do, k.By = access.Allowed, nil, nil, "", nil, []string{`#1 "AllowAutoScaling"`}
	k.Alias, k.ARN = "alias/web", strings.Replace(keyARN, "1a2b", "9f8e", 1)
	return scan.Row{
		Account: account, Region: "us-east-1", Group: group, State: report.Fine, Says: group + " is healthy: every key that its launches need is open to AWSServiceRoleForAutoScaling",
		Desired: 4, Healthy: 4, Role: role, Sources: []string{"lt-0d22bb33cc44dd55e v3"}, Keys: []scan.Key{k},
	}
}

// foreign needs two keys: one is another account's and disabled, the other is open.
func foreign() scan.Row {
	r := opened("batch-prod")
	r.State, r.Region, r.Acts, r.ManagedBy, r.Code = report.WouldFail, region, "the key's owner, "+other, "EKS managed node group batch", 3
	r.Says = "batch-prod runs, and its next launch will fail: the key alias/shared-images is disabled"
	r.Keys = append([]scan.Key{{
		ARN: "arn:aws:kms:" + region + ":" + other + ":key/77777777-1111-4222-8333-444444444444", Alias: "alias/shared-images", Account: other, State: "Disabled", Decision: access.Denied, Role: role,
		Volumes: []scan.Volume{{Device: "/dev/xvda", Source: "lt-0d22bb33cc44dd55e v3", Because: "the image's snapshot is encrypted with it"}, {Device: "/dev/sdf", Source: "lt-0d22bb33cc44dd55e v3", Because: "the template names it"}},
		Why:     []string{"a disabled key can't be used by anyone"}, Remedy: "The key's owner enables it, if it may be used again.",
		Do: []quote.Task{{Account: other, Command: "aws kms enable-key --key-id 77777777-1111-4222-8333-444444444444 --region eu-west-1"}},
	}}, r.Keys...)
	return r
}

func unknown() scan.Row {
	return scan.Row{
		Account: other, Region: region, Group: "ml-training", State: report.Unknown, Says: "Whether ml-training's next launch works can't be told: its key's policy may not be read",
		Acts: "whoever may read the key", Desired: 2, Healthy: 2, Role: strings.Replace(role, account, other, 1), Sources: []string{"lt-0e33cc44dd55ee66f v1", "lt-0f44dd55ee66ff770 v8"},
		Keys:    []scan.Key{{ARN: keyARN, Decision: access.Unknown, Volumes: []scan.Volume{{Device: "/dev/xvda", Source: "lt-0e33cc44dd55ee66f v1"}}}},
		NotSeen: []string{"kms:GetKeyPolicy on " + keyARN + ": AccessDenied", "kms:ListGrants on " + keyARN + ": AccessDenied"},
	}
}

// mixed has groups of every state.
func mixed() []scan.Row {
	var out []scan.Row
	for i := range 4 {
		out = append(out, fails(fmt.Sprintf("web-prod-%d", i+1)))
	}
	elsewhere := scan.Row{Account: account, Region: region, Group: "gpu-prod", State: report.Fails, Says: "gpu-prod can't launch, and its keys aren't the cause: AWS says that there is no capacity", Acts: "the group's owner", Desired: 3, Failed: 4, LastFailed: "2026-03-02T08:10:00Z"}
	out = append(out, elsewhere, foreign(), unknown())
	for i := range 9 {
		out = append(out, opened(fmt.Sprintf("api-%d", i+1)))
	}
	return out
}

func places() []scan.Looked {
	at := func(account, region string, groups int, problem string) scan.Looked {
		return scan.Looked{Place: scan.Place{Account: account, Region: region}, Groups: groups, Problem: problem}
	}
	return []scan.Looked{
		at(account, region, 6, ""), at(account, "us-east-1", 9, ""), at(other, region, 1, ""), at(other, "us-east-1", 0, ""),
		at("777788889999", "", 0, "the role keymend-reader of account 777788889999 can't be taken: AccessDenied"),
	}
}
