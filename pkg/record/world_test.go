package record_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/kind/copies"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
	"keymend/pkg/kind/statements"
	"keymend/pkg/kind/template"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
)

const (
	account = "111122223333"
	owner   = "444455556666"
	key     = "arn:aws:kms:eu-west-1:" + owner + ":key/9ccd97a7-00ea-4de1-a2a9-86cb8e7c7c05"
	ownKey  = "arn:aws:kms:eu-west-1:" + account + ":key/7c100eca-d09f-4d5b-b9e8-1d2517b7a25f"
	linked  = "arn:aws:iam::" + account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	granter = "arn:aws:iam::" + account + ":role/keymend-granter"
	asg     = "arn:aws:autoscaling:eu-west-1:" + account + ":autoScalingGroup:66c29697-dd88-d8b2-7142-f340b0d15305:autoScalingGroupName/web-prod"
)

// longest is a policy as long as KMS takes one. Each quote in it is two bytes of the
// record, and four of the record's steps.
var longest = sync.OnceValue(func() string {
	const most = 32 * 1024
	out := `{"Version":"2012-10-17","Statement":[`
	for i := 0; len(out) < most-200; i++ {
		out += fmt.Sprintf(`{"Sid":"S%d","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/r"]},"Action":["kms:Decrypt"],"Resource":"*"},`, i)
	}
	return strings.TrimSuffix(out, ",") + "]}"
})

func create() grant.Create {
	return grant.Create{
		Key: key, Principal: linked, Name: "keymend-32889f50ce4d1f43", Retiring: granter, Why: "the key belongs to account " + owner,
		Operations: []string{"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"},
	}
}

func add() statements.Add {
	return statements.Add{
		Key: key, Principal: "arn:aws:iam::" + account + ":root", Before: longest(), After: longest(),
		Added: []string{longest()[:2000], longest()[:2000]}, Sids: []string{"KeymendUseBy" + account, "KeymendCreateGrantBy" + account},
	}
}

func scene() template.Scene {
	return template.Scene{Account: account, Region: "eu-west-1", Key: key, Template: "lt-0ec5d62da3af3354a"}
}

func version() template.NewVersion {
	s := template.NewVersion{
		Scene: scene(), From: 1, ImageID: "ami-050f71f73ee9fb126", Wanted: strings.Repeat("d", 64), CopyKey: ownKey, Asked: "$Default", Mixed: true,
		Follow: []string{"web-prod", "web-test"}, Group: "web-prod",
	}
	for i := range 50 {
		s.Mappings = append(s.Mappings, json.RawMessage(fmt.Sprintf(`{"DeviceName":"/dev/sd%d","Ebs":{"Encrypted":true,"KmsKeyId":%q,"SnapshotId":"snap-%017d","VolumeSize":8,"VolumeType":"gp3"}}`, i, ownKey, i)))
	}
	return s
}

func remove() copies.Remove {
	s := copies.Remove{Account: account, Region: "eu-west-1", Key: key, Source: "ami-1", CopyKey: ownKey, ID: "ami-2", Remediation: "r-5be397c05fb8e375", Why: "it failed"}
	for i := range 50 {
		s.Snapshots = append(s.Snapshots, fmt.Sprintf("snap-%017d", i))
	}
	return s
}

// steps are one of every kind.
var steps = sync.OnceValue(func() change.Steps {
	return change.Steps{
		add(), create(), version(), remove(),
		statements.Remove{Key: key, Principal: "arn:aws:iam::" + account + ":root", Sids: []string{"KeymendUseBy" + account}},
		statements.Tidy{Key: key, Principal: linked, Gone: []string{"AROAEXAMPLEGONE123456"}},
		grant.Retire{GrantID: strings.Repeat("e", 64), Grant: create()},
		grant.Revoke{GrantID: strings.Repeat("5", 64), Grant: create()},
		role.Ensure{Role: linked + "_payments", Suffix: "payments"},
		role.Delete{Role: linked + "_payments"},
		group.Update{Group: asg, Name: "web-prod", Before: linked, After: linked + "_payments"},
		group.Resume{Group: asg, Name: "web-prod", Reason: "Administratively suspended"},
		group.Suspend{Group: asg, Name: "web-prod"},
		copies.Make{Account: account, Region: "eu-west-1", Key: key, Source: "ami-1", Name: "keymend-1", CopyKey: ownKey, Keys: []string{key}, Group: "web-prod"},
		copies.Make{Account: account, Region: "eu-west-1", Key: key, Source: "snap-1", CopyKey: ownKey, Keys: []string{key}, Group: "web-prod"},
		template.SetDefault{Scene: scene(), Version: 1, Before: 2, From: 1, Made: "keymend: version 1 with own copies (r-1)", Follow: []string{"web-prod"}},
		template.DeleteVersion{Scene: scene(), From: 1, Remediation: "r-cc79264899579849"},
	}
})

// largest is as large as a record can be: it has every field, and each is as long as
// it gets.
func largest() record.Record {
	policy, text := longest(), strings.Repeat("AWS refused kms:PutKeyPolicy. ", 100)
	trace := slices.Repeat([]string{"CreateGrant: #0 \"EnableRoot\": Allow: not about this principal, " + linked}, 1000)
	some := func(prefix string, count int) []string {
		out := make([]string, count)
		for i := range out {
			out[i] = fmt.Sprintf("%s%d", prefix, i)
		}
		return out
	}
	var misses record.Misses
	for i := range 200 {
		misses = append(misses, access.NearMiss{
			Source: fmt.Sprintf("grant %064d", i), Reason: access.GrantLacksOperation, Text: strings.Repeat("it lacks GenerateDataKey; ", 10),
		})
	}
	carried := change.Steps{add(), add(), create(), version()}
	return record.Record{
		Schema: record.Schema, Phase: record.Result, Outcome: outcome.Unproven, Reason: text, Run: record.Tasks{{Account: account, Command: text}, {Account: owner, Command: text}}, ID: "f-e7f1d44f769a61a4", RemediationID: "r-b61801645df92eee",
		RequestID: "25e7c5ff-241e-46ec-9f50-9729f8a7edad", Account: account, Region: "eu-west-1", Hub: "999900001111 eu-west-1", Group: "web-prod", Key: key, KeyAccount: owner,
		Time: time.Date(2026, 11, 28, 13, 46, 37, 443317527, time.UTC), Failed: "2026-03-02T10:12:10Z", ReadAt: "2026-03-02T10:12:10Z", Version: "v2", Settings: strings.Repeat("7", 64),
		Desired: 2, Healthy: 1, WarmPool: &record.Pool{Wanted: 2, Has: 1}, Signal: "launch-unsuccessful", EventIDs: some("da60a866-4730-47de-9fd7-1c42d372552", 500),
		Message: text, Cause: "kms-access", Suspended: "User suspended at 2026-03-02T10:12:10Z", ManagedBy: "Amazon EKS",
		GroupRole: linked, KeepsRole: "its keys are open to it", Alias: "alias/web", KeyState: "Enabled", Because: some("/dev/xvda: KmsKeyId in lt-0ec5d62da3af3354a v", 100),
		Principal: linked, PrincipalID: "AROARW5A34QAQL3T4SSYC", Decision: access.Denied, Allowed: some("Operation", 8), Missing: record.Missing{access.Denied: some("Operation", 8), access.Unknown: some("Operation", 8)}, NearMisses: misses, Trace: trace,
		Instance:    &record.Instance{Role: linked, Decision: access.Denied, DecidedBy: text[:100]},
		CouldNotSee: some("the key's state: kms:DescribeKey was refused: ", 100), Bridges: some("grant 7a44652874db42fd ends when the policy gives the access ", 4),
		Plan: &plan.Plan{
			Target: key, Steps: carried, NoFix: &plan.NoFix{Reason: plan.ExplicitDeny, Text: text, Remedy: text}, Digest: strings.Repeat("d", 64), FactsDigest: strings.Repeat("b", 64),
			OthersAffected: 3, Half: plan.HalfMissing, ForOwner: &plan.ForOwner{Account: owner, Statements: some(policy[:1000], 2), Command: text[:1000]},
		},
		Steps: record.Steps(carried), Digest: strings.Repeat("d", 64), Mode: "enforce", Consent: "tags keymend=remediate on the key",
		Proposal: "r-0123456789abcdef", Caller: "arn:aws:sts::111122223333:assumed-role/" + strings.Repeat("n", 64) + "/" + strings.Repeat("n", 64), Approver: strings.Repeat("n", 64), Ticket: strings.Repeat("t", 200), GroupMadeBy: "arn:aws:sts::111122223333:assumed-role/" + strings.Repeat("n", 64) + "/" + strings.Repeat("n", 64), TemplateMadeBy: record.Lines{"arn:aws:iam::111122223333:user/" + strings.Repeat("n", 64)},
		Verdict: &guard.Verdict{Allowed: true, Propose: true, Try: true, Reason: guard.Consented, Text: text, Consent: "tags keymend=remediate on the key"},
		Before:  policy, After: policy, OthersAffected: 3, Session: "keymend-r-b61801645df92eee", Writes: plainly(carried),
		Undo:      record.Steps{grant.Retire{GrantID: strings.Repeat("e", 64), Grant: create()}, steps()[4], template.DeleteVersion{Scene: scene(), From: 1, Remediation: "r-1"}, remove()},
		Proof:     &record.ProofOf{EqualReads: 5, Decision: access.Denied, Instances: some("i-0123456789abcdef", 50), GrantID: strings.Repeat("e", 64)},
		Sweep:     &record.SweepOf{Full: true, All: true, Asked: "2026-03-02T10:12:10Z", Accounts: some("1111222233", 90)[10:], Listed: "2026-03-02T10:12:10Z", Unlisted: true, More: true, Regions: some("us-east-", 17), Skipped: some("444455556666 is SUSPENDED ", 9), Messages: 80},
		Shortened: record.Lines{"steps"},
	}
}

// plainly are the calls as the record has them.
func plainly(steps change.Steps) record.Calls {
	var out record.Calls
	for _, c := range steps.Calls() {
		out = append(out, change.Call{Account: c.Account, Action: c.Action, Target: c.Target})
	}
	return out
}
