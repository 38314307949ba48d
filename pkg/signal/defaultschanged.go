package signal

import "github.com/tidwall/gjson"

// defaultsChanged is an account and Region whose volumes are encrypted in another way
// where nobody says how, as in testdata/events/defaults-*.json. It concerns the groups
// that use what is the default key by then.
// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
func defaultsChanged() Rule {
	return callRule("DefaultsChanged", WhyDefaultsChanged, "Groups that use the default EBS key are looked at when somebody changes it; needs a trail",
		func(e Event, _ gjson.Result) (Signal, error) {
			return e.ask(WhyDefaultsChanged, Users{Default: true}), nil
		},
		"ec2:ModifyEbsDefaultKmsKeyId", "ec2:EnableEbsEncryptionByDefault")
}
