package access

import (
	"strings"

	"keymend/pkg/arn"
)

// usability says whether the key itself is fit for the operation, whoever asks.
// The state table: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func usability(k Key, operation string) (truth, Reason) {
	op := strings.ToLower(operation)
	switch op {
	case "describekey", "getkeypolicy", "putkeypolicy", "listgrants", "revokegrant", "retiregrant":
		return yes, "" // work in every state
	}
	switch k.State {
	case "Enabled", "Updating":
	case "":
		return maybe, KeyStateNotKnown
	case "Unavailable": // a custom key store's: no cryptography
		if op != "creategrant" {
			return no, KeyStateNotUsable
		}
	default:
		return no, KeyStateNotUsable
	}
	if isSymmetric(op) && !k.symmetric() {
		return no, KeyNotSymmetric
	}
	return yes, ""
}

// symmetric: "Amazon EBS supports only symmetric KMS keys." What DescribeKey
// doesn't say is taken to be as usual.
func (k Key) symmetric() bool {
	return (k.Spec == "" || k.Spec == "SYMMETRIC_DEFAULT") && (k.Usage == "" || k.Usage == "ENCRYPT_DECRYPT")
}

// context is what every request on the key carries because of the key.
func (k Key) context() map[string][]string {
	out := map[string][]string{}
	put := func(name, value string) {
		if value != "" {
			out[name] = []string{value}
		}
	}
	put("kms:keyspec", k.Spec)
	put("kms:keyusage", k.Usage)
	put("kms:keyorigin", k.Origin)
	if k.MultiRegion {
		put("kms:multiregion", "true")
		put("kms:multiregionkeytype", k.MultiRegionType)
	}
	return out
}

func (k Key) account() string { return arn.Account(k.ARN) }
