package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/sandbox"
)

// awsStatements are AWS's two for the role.
func awsStatements() string {
	return `{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},` +
		`{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}}`
}

// TestInstanceRole: a Deny that spares the role that launches, but not the one that
// decrypts for the instance. Nothing is written; the statement is named, and what to
// except; with that, the group launches. In each position of the switch.
func TestInstanceRole(t *testing.T) {
	t.Parallel()
	const instance = "arn:aws:iam::" + account + ":role/aws:ec2-infrastructure"
	deny := func(condition string) string {
		return `{"Sid":"Only","Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{` + condition + `}}`
	}
	except := func(names ...string) string {
		return `"ArnNotLike":{"aws:PrincipalArn":["` + strings.Join(names, `","`) + `"]}`
	}
	vpc, via := `"StringNotEquals":{"aws:SourceVpc":"vpc-1"}`, `"StringNotEquals":{"kms:ViaService":"ec2.`+region+`.amazonaws.com"}`
	for name, tc := range map[string]struct {
		deny, mended string
		says         plan.NoFixReason
		runs         bool // where kms:ViaService is present
	}{
		"ArnNotLike":     {deny(except(role, "arn:aws:iam::"+account+":role/admin")), deny(except(role, instance, instance+"/*")), plan.ExplicitDeny, false},
		"kms:ViaService": {deny(via), deny(via + "," + except(instance, instance+"/*")), plan.NotKnown, true},
		"aws:SourceVpc":  {deny(vpc + "," + except(role)), deny(vpc + "," + except(role, instance, instance+"/*")), plan.ExplicitDeny, false},
		"NotPrincipal": {`{"Sid":"Only","Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::` + account + `:root","` + role + `","arn:aws:sts::` + account + `:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling"]},"Action":"kms:Decrypt","Resource":"*"}`,
			deny(except("arn:aws:iam::"+account+":root", role, instance, instance+"/*")), plan.ExplicitDeny, false},
	} {
		for _, present := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", with kms:ViaService"}[present], func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, switched(func(s *sandbox.Switches) { s.InstanceViaService = present }))
				_, err := w.iam.CreateServiceLinkedRole(t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("autoscaling.amazonaws.com")})
				must(t, err)
				with := func(deny string) string {
					return strings.Replace(rootOnly, `"Statement":[`, `"Statement":[`+awsStatements()+","+deny+",", 1)
				}
				key := w.key(with(tc.deny), enrolled)
				w.launches(w.image(), volume("/dev/xvda", new(true), key))
				w.box.Advance(10 * time.Minute)
				if runs := w.inService("web-prod") == 2; runs != (present && tc.runs) {
					t.Fatalf("in service: %v\n%v", runs, w.story())
				}
				w.wantUntouched()
				if present && tc.runs {
					return
				}
				r := w.last(outcome.NoFix)
				if r.Plan == nil || r.Plan.NoFix == nil || r.Plan.NoFix.Reason != tc.says || r.Instance == nil || r.Instance.DecidedBy != `#2 "Only"` || !strings.Contains(r.Reason, `"`+instance+`","`+instance+`/*"`) {
					t.Errorf("%s: %+v", r.Reason, r.Instance)
				}
				w.putPolicy(key, with(tc.mended))
				w.box.Advance(10 * time.Minute)
				if n := w.inService("web-prod"); n != 2 {
					t.Errorf("%d in service with what the owner was told to except\n%v", n, w.story())
				}
				w.wantUntouched()
			})
		}
	}
}
