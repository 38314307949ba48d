package signal

import "github.com/tidwall/gjson"

// defaultsChanged is an account and Region whose volumes are encrypted in another way
// where nobody says how, as in testdata/events/defaults-*.json. It concerns the groups
// that use what is the default key by then.
// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
func defaultsChanged() Rule {
	r := callRule(Rule{
		ID: "DefaultsChanged", Signal: string(WhyDefaultsChanged), Description: "Groups that use the default EBS key are looked at when somebody changes it; needs a trail",
	}, "ec2:ModifyEbsDefaultKmsKeyId", "ec2:EnableEbsEncryptionByDefault")
	r.parse = func(e Event, detail gjson.Result) (Signal, error) {
		e, err := readCall(r, e, detail)
		if err != nil {
			return nil, err
		}
		return e.ask(WhyDefaultsChanged, Users{Default: true}), nil
	}
	return r
}
