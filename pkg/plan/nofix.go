package plan

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/slr"
)

// A NoFixReason names why there is nothing to apply.
type NoFixReason string

// The reasons.
const (
	NothingToDo      NoFixReason = "nothing-to-do"
	KeyNotFound      NoFixReason = "key-not-found"
	ManagedByAWS     NoFixReason = "aws-managed-key"
	KeyNotUsable     NoFixReason = "key-not-usable"
	KeyNotSymmetric  NoFixReason = "key-not-symmetric"
	OtherRegion      NoFixReason = "other-region"
	ForeignKey       NoFixReason = "foreign-key"
	ExplicitDeny     NoFixReason = "explicit-deny"
	PolicyUnreadable NoFixReason = "policy-unreadable"
	NotKnown         NoFixReason = "not-known"
	RoleMissing      NoFixReason = "role-missing"
	PolicyRefused    NoFixReason = "policy-refused"
	WouldNotHelp     NoFixReason = "would-not-help"
	OtherService     NoFixReason = "role-of-another-service"
	KeyHidden        NoFixReason = "key-hidden" // which key it is can't be seen

	NotCopyable NoFixReason = "not-copyable" // a copy can't be made, or the group not pointed at one
	Copying     NoFixReason = "copying"      // a copy is on its way
	HandedOver  NoFixReason = "handed-over"  // the template version is there; the rest is a person's
	NotRead     NoFixReason = "not-read"     // AWS refused what has to be read first
)

// obstacle returns the first reason for which the finding isn't ours to fix;
// nil where it is.
func (f Finding) obstacle() *NoFix {
	key := f.Facts.Key.ARN
	switch {
	case f.KeyNotFound != "":
		return &NoFix{KeyNotFound,
			fmt.Sprintf("%s: %s", key, f.KeyNotFound),
			"Name a key that exists in " + f.Region + " where the launch takes this one from: " + strings.Join(f.Because, "; ") + "."}
	case f.Decision() == access.Allowed:
		return &NoFix{NothingToDo, fmt.Sprintf("%s may use %s.", f.Principal.ARN, key), ""}
	case f.Facts.Key.Manager == "AWS":
		return &NoFix{ManagedByAWS,
			fmt.Sprintf("%s is managed by AWS in account %s; it can't be shared, and nobody can change its policy.", key, f.KeyAccount()),
			"Encrypt the volume, and copy the snapshot, under a customer managed key (aws ec2 copy-snapshot --encrypted --kms-key-id)."}
	case f.keyRegion() != f.Region:
		return &NoFix{OtherRegion,
			fmt.Sprintf("%s is in %s, the group in %s; EBS takes keys of its own Region only.", key, f.keyRegion(), f.Region),
			"Name a key of " + f.Region + " where the launch takes this one from: " + strings.Join(f.Because, "; ") + "." + f.replica()}
	case f.Facts.Key.State != "Enabled" && f.Facts.Key.State != "Updating" && !f.hidden():
		return f.keyState()
	case asymmetric(f.Facts.Key):
		return &NoFix{KeyNotSymmetric,
			fmt.Sprintf("%s is a %s key for %s; EBS takes symmetric encryption keys only.", key, f.Facts.Key.Spec, f.Facts.Key.Usage),
			"Name a symmetric encryption key (SYMMETRIC_DEFAULT) instead: " + strings.Join(f.Because, "; ") + "."}
	}
	return f.unclear()
}

func asymmetric(k access.Key) bool {
	return k.Spec != "" && k.Spec != "SYMMETRIC_DEFAULT" || k.Usage != "" && k.Usage != "ENCRYPT_DECRYPT"
}

// unclear is the part of obstacle that rests on policy and grants.
func (f Finding) unclear() *NoFix {
	if f.Facts.Policy == nil && f.OwnKey() {
		return f.unread()
	}
	denied := f.denied()
	if denied != nil && denied.Reason == ExplicitDeny {
		return denied
	}
	if f.Principal.ID == "" {
		return &NoFix{RoleMissing,
			fmt.Sprintf("%s doesn't exist or couldn't be read; KMS refuses principals that don't exist.", f.Principal.ARN),
			"Create the role."}
	}
	if denied != nil {
		return denied
	}
	if f.otherServices() {
		return f.otherService()
	}
	return nil
}

func unseen(r access.Result) string {
	var parts []string
	if len(r.UnknownKeys) > 0 {
		parts = append(parts, "it hangs on "+strings.Join(r.UnknownKeys, ", "))
	}
	if len(r.CouldNotSee) > 0 {
		parts = append(parts, "not seen: "+strings.Join(r.CouldNotSee, "; "))
	}
	if len(parts) == 0 {
		return string(r.Reason) + "."
	}
	return strings.Join(parts, "; ") + "."
}

// keyState says what a person must do for each state that a key can be in.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func (f Finding) keyState() *NoFix {
	key, state := f.Facts.Key.ARN, f.Facts.Key.State
	remedy := map[string]string{
		"Disabled":               "Enable it, if the key may be used again.",
		"PendingDeletion":        "Cancel its deletion, then enable it, before the key and all it encrypts are lost.",
		"PendingReplicaDeletion": "Keep the multi-Region primary key, or name another key: it goes once its replicas are gone.",
		"PendingImport":          "Import its key material (aws kms get-parameters-for-import, aws kms import-key-material).",
		"Unavailable":            "Connect its custom key store (aws kms connect-custom-key-store).",
		"Creating":               "Wait until the replica key is enabled.",
		"":                       "Have kms:DescribeKey on the key allowed" + toWhom,
	}[state]
	if remedy == "" {
		remedy = "See what KMS says about this state, or name another key."
	}
	text := fmt.Sprintf("%s is %s: KMS lets nobody use the key until it is enabled.", key, stateWords(state))
	if f.shutBeside() {
		text += " Once it is, its policy and grants still keep " + f.Principal.ARN + " out: run Keymend again then."
	}
	return &NoFix{KeyNotUsable, text, remedy}
}

// stateWords is a key's state in lower case: "pending deletion".
func stateWords(state string) string {
	var words strings.Builder
	for i, r := range state {
		if i > 0 && unicode.IsUpper(r) {
			words.WriteByte(' ')
		}
		words.WriteRune(unicode.ToLower(r))
	}
	return cmp.Or(words.String(), "in a state that isn't known")
}

// shutBeside reports whether the principal would be denied the enabled key, too.
func (f Finding) shutBeside() bool {
	f.Facts.Key.State = "Enabled"
	f.Results = f.evaluate(f.Facts)
	return f.Decision() == access.Denied
}

// replica says where to find the group's own key of a multi-Region family: each
// member has the same id, and its own Region, policy and grants. Only the ids of
// such keys begin with mrk-.
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
func (f Finding) replica() string {
	if !f.multiRegion() {
		return ""
	}
	here := strings.Replace(f.Facts.Key.ARN, ":"+f.keyRegion()+":", ":"+f.Region+":", 1)
	return " It is a multi-Region key: name its member of " + f.Region + ", " + here + ", if there is one; else make it."
}

func (f Finding) multiRegion() bool {
	return strings.HasPrefix(arn.Resource(f.Facts.Key.ARN), "key/mrk-")
}

// otherServices reports whether the principal is of another service than Keymend opens
// keys to: Auto Scaling's roles, and the Spot role of the group's account, which
// needs what the group's own role needs.
func (f Finding) otherServices() bool {
	service := slr.Service(f.Principal.ARN)
	return service != "" && service != slr.AutoScaling && !slr.IsSpot(f.Principal.ARN, f.Account)
}

// otherService: Keymend writes for Auto Scaling's roles and for the Spot role, so
// any other is a person's.
func (f Finding) otherService() *NoFix {
	key := f.Facts.Key.ARN
	return &NoFix{OtherService,
		fmt.Sprintf("%s may not use %s; it is a role of %s, and Keymend opens keys to Auto Scaling's roles and to AWSServiceRoleForEC2Spot only.", f.Principal.ARN, key, slr.Service(f.Principal.ARN)),
		"Make the grant by hand."}
}
