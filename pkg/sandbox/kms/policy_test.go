package kms_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/kms"
)

func (f *fixture) policy(key string) string {
	f.t.Helper()
	out, err := f.kms.GetKeyPolicy(f.admin(owner), &awskms.GetKeyPolicyInput{KeyId: &key})
	if err != nil {
		f.t.Fatal(err)
	}
	return *out.Policy
}

// TestDefaultPolicy is KMS's own, in the layout that its guide shows.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-viewing.html
func TestDefaultPolicy(t *testing.T) {
	t.Parallel()
	f := set(t)
	out, err := f.kms.CreateKey(f.admin(owner), &awskms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111122223333:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
	if d := cmp.Diff(want, f.policy(*out.KeyMetadata.Arn)); d != "" {
		t.Error(d)
	}
}

func TestNormalises(t *testing.T) {
	t.Parallel()
	f := set(t)
	f.role(owner, "b", "")
	f.role(owner, "a", "")
	key := f.key()
	f.put(key, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*","Action":["kms:*"],"Principal":{"AWS":["arn:aws:iam::111122223333:role/b","111122223333",
		"arn:aws:iam::111122223333:role/a","arn:aws:iam::111122223333:root"]},"Condition":{"Bool":{"aws:SecureTransport":true}}}}`)
	const want = `{
  "Version" : "2012-10-17",
  "Statement" : [ {
    "Effect" : "Allow",
    "Resource" : "*",
    "Action" : [ "kms:*" ],
    "Principal" : {
      "AWS" : [ "arn:aws:iam::111122223333:role/a", "arn:aws:iam::111122223333:role/b", "arn:aws:iam::111122223333:root" ]
    },
    "Condition" : {
      "Bool" : {
        "aws:SecureTransport" : true
      }
    }
  } ]
}`
	if d := cmp.Diff(want, f.policy(key)); d != "" {
		t.Error(d)
	}
}

// anyPolicy draws policies that KMS takes.
func anyPolicy(t *rapid.T) string {
	pick := func(label string, from ...any) any { return rapid.SampledFrom(from).Draw(t, label) }
	statements := []any{map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": owner}, "Action": "kms:*", "Resource": "*"}}
	for i := range rapid.IntRange(0, 4).Draw(t, "n") {
		s := map[string]any{"Sid": fmt.Sprintf("S%d %s", i, rapid.StringMatching(`[a-z <>&"é]{0,8}`).Draw(t, "sid"))}
		s["Effect"] = "Allow"
		s["Principal"] = pick("principal", "*", map[string]any{"AWS": owner}, map[string]any{"AWS": []string{other, owner}},
			map[string]any{"AWS": []string{"arn:aws:iam::" + owner + ":root", owner}}, map[string]any{"AWS": "*", "Service": "logs.amazonaws.com"})
		s["Action"] = pick("action", "kms:Decrypt", []string{"kms:Encrypt", "kms:Decrypt"})
		s["Resource"] = pick("resource", "*", []string{"*"})
		if rapid.Bool().Draw(t, "condition") {
			s["Condition"] = map[string]any{"Bool": map[string]any{"kms:GrantIsForAWSResource": pick("value", true, "true", []any{"false", 1})}}
		}
		statements = append(statements, s)
	}
	text, err := json.MarshalIndent(map[string]any{"Version": "2012-10-17", "Statement": statements}, "", strings.Repeat(" ", rapid.IntRange(0, 3).Draw(t, "indent")))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestNormalisingProperties: what is stored means what was put; putting it back
// changes nothing; and after an edit and its undo the bytes are the same again.
func TestNormalisingProperties(t *testing.T) {
	t.Parallel()
	f := set(t)
	key := f.key()
	c := f.slr(owner)
	rapid.Check(t, func(t *rapid.T) {
		text := anyPolicy(t)
		f.put(key, text)
		stored := f.policy(key)
		if !keypolicy.Equal(text, stored) {
			t.Fatalf("%s\nbecame\n%s", text, stored)
		}
		f.put(key, stored)
		if again := f.policy(key); again != stored {
			t.Fatalf("normalised twice:\n%s\nthen\n%s", stored, again)
		}
		extra := statement("KeymendUse", "Allow", c.Role, use, "")
		f.put(key, strings.Replace(stored, `"Statement" : [ `, `"Statement" : [ `+extra+`, `, 1))
		edited := f.policy(key)
		doc, err := keypolicy.Parse(edited)
		if err != nil || doc.Statements()[0].Sid != "KeymendUse" {
			t.Fatalf("%v: %s", err, edited)
		}
		f.put(key, stored)
		if undone := f.policy(key); undone != stored {
			t.Fatalf("undone:\n%s\nbefore:\n%s", undone, stored)
		}
	})
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	const (
		dead    = "Policy contains a statement with one or more invalid principals."
		code    = "MalformedPolicyDocumentException"
		someone = "arn:aws:iam::" + owner + ":role/nobody"
	)
	for name, tc := range map[string]struct{ text, code, says string }{
		"not JSON":          {`{`, code, "syntax"},
		"unknown role":      {policy(root, statement("A", "Allow", someone, `"kms:Decrypt"`, "")), code, dead},
		"unknown account":   {policy(root, statement("A", "Allow", "arn:aws:iam::999999999999:root", `"kms:Decrypt"`, "")), code, dead},
		"dead principal":    {policy(root, statement("A", "Allow", "AROADEADDEADDEADDEAD1", `"kms:Decrypt"`, "")), code, dead},
		"no action":         {policy(root, `{"Sid":"A","Effect":"Allow","Principal":{"AWS":"*"},"Resource":"*"}`), code, ""},
		"no resource":       {policy(root, `{"Sid":"A","Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Decrypt"}`), code, ""},
		"resource is a key": {policy(root, `{"Sid":"A","Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Decrypt","Resource":"arn:aws:kms:eu-west-1:1:key/x"}`), code, ""},
		"duplicate Sid":     {policy(root, root), code, ""},
		"lock-out":          {policy(statement("A", "Allow", "arn:aws:iam::"+other+":root", `"kms:*"`, "")), code, "The new key policy will not allow you to update the key policy in the future."},
		"too long":          {policy(root) + strings.Repeat(" ", 32768), "LimitExceededException", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := set(t)
			key := f.key()
			before := f.policy(key)
			_, err := f.kms.PutKeyPolicy(f.admin(owner), &awskms.PutKeyPolicyInput{KeyId: &key, Policy: &tc.text})
			f.wantCode(err, tc.code, tc.says)
			if f.policy(key) != before {
				t.Error("a refused policy was stored")
			}
		})
	}
	f := set(t)
	key := f.key()
	locked := policy(statement("A", "Allow", "arn:aws:iam::"+other+":root", `"kms:*"`, ""))
	if _, err := f.kms.PutKeyPolicy(f.admin(owner), &awskms.PutKeyPolicyInput{KeyId: &key, Policy: &locked, BypassPolicyLockoutSafetyCheck: true}); err != nil {
		t.Errorf("the check can't be left out: %v", err)
	}
	_, err := f.kms.PutKeyPolicy(f.admin(other), &awskms.PutKeyPolicyInput{KeyId: &key, Policy: &locked})
	f.wantCode(err, "AccessDeniedException", "on this resource")
}

// TestDeletedRole: a role that is gone shows as its unique id, which matches
// nobody and can't be put back; a new role of the same name gets nothing.
func TestDeletedRole(t *testing.T) {
	t.Parallel()
	f := set(t)
	old := f.role(owner, "app", "")
	key := f.key(statement("A", "Allow", old.Role, `"kms:Decrypt"`, ""),
		`{"Sid":"B","Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"`+old.Role+`"}}}`)
	if _, err := f.kms.Use(old, key, "Decrypt", kms.Use{}); err != nil {
		t.Fatal(err)
	}
	f.deleteRole("app")
	shown := f.policy(key)
	if !strings.Contains(shown, `"AWS" : "`+old.UniqueID+`"`) || strings.Count(shown, old.Role) != 1 {
		t.Errorf("want %s as principal, and the condition as it was:\n%s", old.UniqueID, shown)
	}
	_, err := f.kms.PutKeyPolicy(f.admin(owner), &awskms.PutKeyPolicyInput{KeyId: &key, Policy: &shown})
	f.wantCode(err, "MalformedPolicyDocumentException", "invalid principals")
	anew := f.role(owner, "app", "")
	if f.policy(key) != shown {
		t.Error("a new role of the same name brought the old statement back")
	}
	_, err = f.kms.Use(anew, key, "Decrypt", kms.Use{})
	f.wantCode(err, "AccessDeniedException", "kms:Decrypt")
	if _, err := f.kms.Use(anew, key, "Encrypt", kms.Use{}); err != nil {
		t.Errorf("a condition on the name must hold for the new role: %v", err)
	}
}

// TestUseIsRecorded holds what CloudTrail gets to see.
func TestUseIsRecorded(t *testing.T) {
	t.Parallel()
	f := set(t)
	c, key := f.slr(owner), f.key()
	u := kms.Use{EncryptionContext: map[string]string{"aws:ebs:id": "vol-1"}, ViaService: "ec2.eu-west-1.amazonaws.com"}
	_, _ = f.kms.Use(c, key, "GenerateDataKeyWithoutPlaintext", u)
	want := map[string]any{"keyId": key, "numberOfBytes": 64, "encryptionContext": map[string]string{"aws:ebs:id": "vol-1"}}
	call := f.calls[0]
	if d := cmp.Diff(want, call.Params); d != "" || call.Operation != "GenerateDataKeyWithoutPlaintext" || call.Resources[0] != key {
		t.Errorf("%+v\n%s", call, d)
	}
	_, _ = f.kms.Use(c, key, "ReEncryptFrom", u)
	if call := f.calls[1]; call.Params["sourceKeyId"] != key || call.Operation != "ReEncrypt" {
		t.Errorf("%+v", call)
	}
	_, _ = f.kms.Use(f.slr(other), key, "Decrypt", u)
	if call := f.calls[2]; len(call.Resources) != 0 || call.Caller.Account != other {
		t.Errorf("%+v", call)
	}
}
