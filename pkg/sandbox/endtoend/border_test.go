package endtoend_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/infra/template"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

const (
	owner     = "444455556666" // of the keys
	third     = "777788889999" // has no part in it
	ownerRoot = `{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + owner + `:root"},"Action":"kms:*","Resource":"*"}`
	byRoot    = `{"Sid":"Allow attachment of persistent resources in external account","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::` + account + `:root"]},"Action":["kms:CreateGrant"],"Resource":"*"}`
	useByRoot = `{"Sid":"Allow external account use of the customer managed key","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::` + account + `:root"]},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}`
)

// consented is how the owner of a key lets groups of the first account use it.
var consented = map[string]string{"keymend": "remediate", "keymend-accounts": third + " " + account} //nolint:gochecknoglobals // a constant map

func ownerPolicy(more ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(append([]string{ownerRoot}, more...), ",") + `]}`
}

// A border is a world of three accounts: Keymend and the group in the first, the
// key in the second.
type border struct {
	*world
	there *world // the owner's
}

// newBorder starts one; onboarded has the owner deploy the roles.
func newBorder(t testing.TB, onboarded bool, options ...option) *border {
	t.Helper()
	w := newWorld(t, append([]option{with("Accounts", owner)}, options...)...)
	b := &border{world: w, there: w.as(owner)}
	if onboarded {
		w.onboard()
	}
	return b
}

// onboard deploys in the owner's account what lets the first account in.
func (w *world) onboard() {
	w.t.Helper()
	must(w.t, w.box.Deploy(template.Account(), owner, region, map[string]string{"RolesOnly": "yes", "GroupAccounts": account}, nil))
}

// grants returns the grants to the group's role, as the owner sees them.
func (b *border) grants(key string) []kmstypes.GrantListEntry {
	b.t.Helper()
	out, err := b.there.kms.ListGrants(b.t.Context(), &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: aws.String(role)})
	must(b.t, err)
	return out.Grants
}

// wantHealed fails unless the group launched, by one grant of the eight
// operations and this many writes.
func (b *border) wantHealed(key string, writes int) {
	b.t.Helper()
	grants := b.grants(key)
	if n := b.inService("web-prod"); n != 2 || len(grants) != 1 || len(grants[0].Operations) != 8 || *grants[0].IssuingAccount != "arn:aws:iam::"+account+":root" {
		b.t.Fatalf("%d in service, grants %+v\n%v", n, grants, b.story())
	}
	if n := b.changes(); n != writes {
		b.t.Errorf("%d changes of the key, want %d\n%v", n, writes, b.story())
	}
}

// changes counts what Keymend changed about keys: a repeated CreateGrant that
// finds its grant is none.
func (b *border) changes() int {
	n, granted := 0, false
	for _, c := range b.box.Calls() {
		if c.Error != "" || !strings.Contains(c.Caller, "keymend-") {
			continue
		}
		switch c.Operation {
		case "PutKeyPolicy", "RevokeGrant", "RetireGrant":
			n++
		case "CreateGrant":
			if !granted {
				n++
			}
			granted = true
		}
	}
	return n
}

// last returns the last record with the outcome.
func (w *world) last(outcome outcome.Outcome) record.Record {
	w.t.Helper()
	all := w.records()
	for _, r := range slices.Backward(all) {
		if r.Outcome == outcome {
			return r
		}
	}
	w.t.Fatalf("no record has the outcome %s\n%v", outcome, w.story())
	return record.Record{}
}

// again delivers the event of a launch that failed.
func (w *world) again() { w.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod")) }

// recreateRole deletes the group's service-linked role and makes it anew.
func (w *world) recreateRole() {
	w.t.Helper()
	_, err := w.iam.DeleteServiceLinkedRole(w.t.Context(), &iam.DeleteServiceLinkedRoleInput{RoleName: aws.String("AWSServiceRoleForAutoScaling")})
	must(w.t, err)
	w.makeRole()
}

func (w *world) makeRole() {
	w.t.Helper()
	_, err := w.iam.CreateServiceLinkedRole(w.t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("autoscaling.amazonaws.com")})
	must(w.t, err)
}

// keymend runs the built program as a person of an account to whom the owner's
// is one of Keymend's, and returns its exit code and what it said.
func (w *world) keymend(accountID string, args ...string) (int, string) {
	w.t.Helper()
	return w.run(accountID, []string{"KEYMEND_ACCOUNTS=" + owner}, args...)
}

// auditFile holds the functions' records, as their owner would hand them on.
func (w *world) auditFile() string {
	w.t.Helper()
	var text []byte
	for _, r := range w.records() {
		line, err := json.Marshal(r)
		must(w.t, err)
		text = append(append(text, line...), '\n')
	}
	name := filepath.Join(w.t.TempDir(), "audit.jsonl")
	must(w.t, os.WriteFile(name, text, 0o600))
	return name
}
