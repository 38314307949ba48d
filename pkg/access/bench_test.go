package access_test

import (
	"fmt"
	"strings"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
)

// BenchmarkLaunch is a typical launch: the console's default policy with
// Keymend's two statements, three operations.
func BenchmarkLaunch(b *testing.B) {
	f, r := launchFacts(b)
	b.ReportAllocs()
	for b.Loop() {
		if access.Decide(access.Evaluate(f, r)) != access.Allowed {
			b.Fatal("not allowed")
		}
	}
}

func launchFacts(t testing.TB) (access.Facts, access.Request) {
	t.Helper()
	p := access.Principal{ARN: placeholders().Replace("@SLR@")}
	key := placeholders().Replace("@KEY@")
	d := mustPolicy(t, placeholders().Replace(`{"Version":"2012-10-17","Statement":[
		{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"@ROOT@"},"Action":"kms:*","Resource":"*"},
		{"Sid":"Allow access for Key Administrators","Effect":"Allow","Principal":{"AWS":"@ROLE@"},"Action":["kms:Create*","kms:Describe*","kms:Enable*","kms:List*","kms:Put*","kms:Revoke*"],"Resource":"*"}]}`))
	e, err := keypolicy.Allow(d, p.ARN)
	if err != nil {
		t.Fatal(err)
	}
	f := access.Facts{Key: access.Key{ARN: key, State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"}, Policy: mustPolicy(t, e.After)}
	return f, access.Request{Principal: p, Operations: []string{"GenerateDataKeyWithoutPlaintext", "CreateGrant", "Decrypt"}, Context: access.LaunchContext(p, key)}
}

// What an evaluation allocates grows with statements and grants, no faster, and
// stays small. (How long it takes is for the benchmarks to say.)
func TestCostGrowsWithStatementsAndGrants(t *testing.T) {
	allocations := func(f access.Facts, r access.Request) float64 {
		return testing.AllocsPerRun(20, func() { access.Evaluate(f, r) })
	}
	sized := func(n int) float64 {
		f, r := largeFacts(t, n)
		return allocations(f, r)
	}
	if f, _ := largeFacts(t, 100); len(f.Policy.String()) < 31<<10 || len(keypolicy.Refusals(f.Policy)) > 0 {
		t.Errorf("the large policy has %d bytes, not KMS's 32 KB", len(f.Policy.String()))
	}
	first, second := sized(100)-sized(50), sized(200)-sized(100)
	if second > 2.2*first {
		t.Errorf("50 statements more cost %v allocations, 100 more %v", first, second)
	}
	f, r := launchFacts(t)
	if n := allocations(f, r); n > 90 {
		t.Errorf("a launch costs %v allocations", n)
	}
}

// BenchmarkLarge grows statements and grants: the time should grow with them,
// no faster. The last is a policy of 32 KB with 500 grants.
func BenchmarkLarge(b *testing.B) {
	for _, n := range []int{10, 50, 100} {
		b.Run(fmt.Sprintf("%d statements, %d grants", n, 5*n), func(b *testing.B) {
			f, r := largeFacts(b, n)
			b.ReportAllocs()
			for b.Loop() {
				access.Evaluate(f, r)
			}
		})
	}
}

func largeFacts(t testing.TB, n int) (access.Facts, access.Request) {
	t.Helper()
	statement := placeholders().Replace(`{"Sid":"AllowWorkloads%d","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/workloads/production/app-%[1]d","arn:aws:iam::444455556666:role/workloads/production/app-%[1]d"]},` +
		`"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*","Condition":{"StringLike":{"kms:ViaService":"s3.*.amazonaws.com"}}}`)
	statements := make([]string, n)
	f := access.Facts{Key: access.Key{ARN: placeholders().Replace("@KEY@"), State: "Enabled"}}
	for i := range n {
		statements[i] = fmt.Sprintf(statement, i)
		for j := range 5 {
			f.Grants = append(f.Grants, access.Grant{
				ID: fmt.Sprint(i, j), GranteePrincipal: fmt.Sprintf("arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-%d%d", i, j),
				Operations: []string{"Decrypt"}, Constraints: &access.Constraints{EncryptionContextSubset: map[string]string{"aws:ebs:id": "vol-1"}},
			})
		}
	}
	f.Policy = mustPolicy(t, `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`)
	p := access.Principal{ARN: placeholders().Replace("@SLR@")}
	return f, access.Request{Principal: p, Operations: operations(), Context: access.LaunchContext(p, f.Key.ARN)}
}
