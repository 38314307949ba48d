package wiring_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
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
		l = l.Together(looks, time.Time{})
		start := time.Now()
		for i, s := range looks {
			found, err := l.Diagnose(t.Context(), s)
			if err != nil || len(found) != 1 || found[0].Finding.Facts.Key.ARN != f.key(i%templates%keys) || found[0].Record.Outcome != outcome.Observed {
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
		"autoscaling:DescribeAutoScalingGroups": {1, 5}, "ec2:DescribeLaunchTemplateVersions": {1, 1},
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
	const possible = 5 // group, template, image, snapshot, key: each names the next
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
