package signal

import "github.com/tidwall/gjson"

// keyChanged is a key that may not do any more what it did: its policy was replaced, it
// was disabled, or is to be deleted, as in testdata/events/key-*.json.
// https://docs.aws.amazon.com/kms/latest/developerguide/understanding-kms-entries.html
func keyChanged() Rule {
	return callRule("KeyChanged", WhyKeyChanged, "Groups that use a key are looked at when somebody changes it; needs a trail",
		func(e Event, detail gjson.Result) (Signal, error) { return keyCall(WhyKeyChanged, e, detail) },
		"kms:PutKeyPolicy", "kms:DisableKey", "kms:ScheduleKeyDeletion")
}

// keyCall asks for the groups that use the key of a call. Its ARN is in the
// resources, whatever the caller wrote.
func keyCall(why Why, e Event, detail gjson.Result) (Looks, error) {
	key := firstOf(detail, "resources.0.ARN", "requestParameters.keyId")
	if key == "" {
		return Looks{}, &Malformed{Where: detailOf + "resources.0.ARN", What: "is missing, and so is requestParameters.keyId"}
	}
	return e.ask(why, Users{Key: key}), nil
}
