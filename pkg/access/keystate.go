package access

import "strings"

// usability says whether the key itself is fit for the operation, whoever asks.
// The state table: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func usability(k Key, operation string) (truth, Reason) {
	op := strings.ToLower(operation)
	if op == "describekey" {
		return yes, "" // works in every state
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
	return suitability(k, op)
}

// suitability: "Amazon EBS supports only symmetric KMS keys."
func suitability(k Key, op string) (truth, Reason) {
	if op == "creategrant" {
		return yes, ""
	}
	if k.Spec != "" && k.Spec != "SYMMETRIC_DEFAULT" || k.Usage != "" && k.Usage != "ENCRYPT_DECRYPT" {
		return no, KeyNotSymmetric
	}
	return yes, ""
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

func (k Key) account() string {
	a, _ := parseARN(k.ARN)
	return a.account
}
