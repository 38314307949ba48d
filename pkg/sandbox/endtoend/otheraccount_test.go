package endtoend_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cloudwatchlogstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"keymend/infra/template"
	keymend "keymend/pkg/account"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/record"
)

// takeWriter takes the owner's policy writer, as a session that says it is from an
// account; "" = it says nothing.
func (b *border) takeWriter(by aws.Config, from string) (aws.Config, error) {
	in := &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::" + owner + ":role/keymend-policy-writer"), RoleSessionName: new("stolen")}
	if from != "" {
		in.SourceIdentity, in.Tags = &from, []ststypes.Tag{{Key: new("keymend-account"), Value: &from}}
	}
	out, err := sts.NewFromConfig(by).AssumeRole(b.t.Context(), in)
	if err != nil {
		return aws.Config{}, err
	}
	cfg := by.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return cfg, nil
}

// TestStolenElsewhere: with the credentials of one account's remediate, another
// account's keys can be written that are enrolled for it, and no others: also with a
// scope of all.
func TestStolenElsewhere(t *testing.T) {
	t.Parallel()
	b := newBorder(t, false, with("Mode", "observe"), edited(letTestsIn), unwatched)
	must(t, b.box.Deploy(template.Account(), owner, region, map[string]string{"RolesOnly": "yes", "GroupAccounts": account, "Scope": "all"}, nil))
	own := b.assume(b.cfg, permission.Remediate, "stolen", "")
	for from, action := range map[string]string{"": "sts:AssumeRole", third: "sts:AssumeRole"} {
		_, err := b.takeWriter(own, from)
		if d, denied := keymend.DenialOf(err); !denied || d.Action != action {
			t.Errorf("a session that says it is from %q: %v", from, err)
		}
	}
	writer, err := b.takeWriter(own, account)
	must(t, err)
	for name, tc := range map[string]struct {
		tags map[string]string
		may  bool
	}{
		"enrolled for it":              {consented, true},
		"enrolled for it alone":        {map[string]string{"keymend": "remediate", "keymend-accounts": account}, true},
		"enrolled for another account": {map[string]string{"keymend": "remediate", "keymend-accounts": third}, false},
		"enrolled for its own account": {map[string]string{"keymend": "remediate"}, false},
		"ignored":                      {map[string]string{"keymend": "ignore", "keymend-accounts": account}, false},
		"not enrolled":                 {nil, false},
	} {
		key := b.there.key(ownerPolicy(), tc.tags)
		_, err := kms.NewFromConfig(writer).PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: new(ownerPolicy())})
		if d, denied := keymend.DenialOf(err); tc.may && err != nil || !tc.may && (!denied || d.Action != "kms:PutKeyPolicy" || d.Policy != keymend.IdentityBased) {
			t.Errorf("a key %s: %v", name, err)
		}
	}
}

// TestSessionsElsewhere: what a policy writer of another account writes doesn't show here,
// but that its role was taken does. Keymend's own sessions are explained; one that
// somebody takes with remediate's credentials isn't.
func TestSessionsElsewhere(t *testing.T) {
	t.Parallel()
	b := newBorder(t, true, edited(letTestsIn), unwatched)
	key := b.there.key(ownerPolicy(), consented)
	b.broken("web-prod", key)
	b.box.Advance(20 * time.Minute)
	b.wantHealed(key, 2)
	if b.looked() == 0 {
		t.Error("nobody looked for an intent of the session")
	}
	b.wantExplained()
	writer, err := b.takeWriter(b.assume(b.cfg, permission.Remediate, "stolen", ""), account)
	must(t, err)
	_, err = kms.NewFromConfig(writer).PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: new(ownerPolicy())})
	must(t, err)
	b.box.Advance(10 * time.Minute)
	records, counted := b.unexplained()
	if len(records) != 1 || counted != 1 || records[0].Session != "stolen" || !strings.Contains(records[0].Reason, "is in the CloudTrail of account "+owner) {
		t.Errorf("%d counted: %+v", counted, records)
	}
}

// TestAPassedRole: who passes a function's role to something else gets nothing by it.
func TestAPassedRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("Mode", "observe"), edited(func(template []byte) []byte {
		const lambda = `"Principal":{"Service":"lambda.amazonaws.com"}`
		return []byte(strings.ReplaceAll(string(template), lambda, strings.Replace(lambda, "}", `,"AWS":"arn:aws:iam::`+account+`:root"}`, 1)))
	}), unwatched)
	passed := w.assume(w.cfg, permission.Remediate, "passed", "")
	for _, role := range []permission.Role{permission.Reader, permission.Granter, permission.PolicyWriter} {
		_, err := sts.NewFromConfig(passed).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::" + account + ":role/keymend-" + string(role)), RoleSessionName: new("passed")})
		if d, denied := keymend.DenialOf(err); !denied || d.Action != "sts:AssumeRole" {
			t.Errorf("%s: %v", role, err)
		}
	}
}

// TestRolesOfTheVersionBefore: where the owner's roles don't know sessions that say
// where they are from, nothing is written, and the record says what to deploy.
func TestRolesOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	b := newBorder(t, false)
	former := regexp.MustCompile(`"sts:(TagSession|SetSourceIdentity)"`).ReplaceAll(template.Account(), []byte(`"sts:AssumeRole"`))
	must(t, b.box.Deploy(former, owner, region, map[string]string{"RolesOnly": "yes", "GroupAccounts": account}, nil))
	key := b.there.key(ownerPolicy(), consented)
	b.broken("web-prod", key)
	b.box.Advance(10 * time.Minute)
	if r := b.last(outcome.NotPermitted); b.changes() != 0 || !strings.Contains(r.Reason, "deploys it anew") {
		t.Errorf("%d changes, %s\n%v", b.changes(), r.Reason, b.story())
	}
}

// TestWritesOfAnotherAccount: an account that runs Keymend itself takes a write by the
// Keymend that it let in for that, and for no intrusion.
func TestWritesOfAnotherAccount(t *testing.T) {
	t.Parallel()
	b := newBorder(t, false)
	must(t, b.box.Deploy(template.Account(), owner, region, map[string]string{"Mode": "enforce", "GroupAccounts": account}, binaries))
	key := b.there.key(ownerPolicy(), consented)
	b.broken("web-prod", key)
	b.box.Advance(20 * time.Minute)
	b.wantHealed(key, 2)
	b.there.wantExplained()
	b.wantExplained()
	out, err := b.there.logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/aws/lambda/keymend-diagnose")})
	must(t, err)
	id := b.last(outcome.Fixed).RemediationID
	if !slices.ContainsFunc(out.Events, func(e cloudwatchlogstypes.FilteredLogEvent) bool {
		var r record.Record
		return json.Unmarshal([]byte(*e.Message), &r) == nil && r.Signal == "own-write" && r.Outcome == outcome.Ignored && r.Key == key &&
			r.Session == "keymend-"+id && strings.Contains(r.Reason, "by Keymend of account "+account)
	}) {
		t.Errorf("nothing tells of the write by %s\n%v", account, b.there.story())
	}
}
