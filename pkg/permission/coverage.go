package permission

// Template is the tag of Keymend's roles in a member of an organization that says which
// template they are of, whatever the settings.
const Template = "keymend-template"

// readCoverage is how it is seen, in an organization, whether a member has what it shall
// have: `keymend coverage`. Of an account that works alone nobody asks.
func (p Place) readCoverage() []Permission {
	rules := p.at("events", "*", "rule/"+p.Prefix+"*")
	trails := "arn:" + p.Partition + ":cloudtrail:*:*:trail/*" // an organization's trail is another account's
	return []Permission{
		{Action: "iam:GetRole", Resource: p.at("iam", "", "role/"+p.Prefix+"*"), Why: "by its tag, which template Keymend's roles here are of"},
		{Action: "events:ListRules", Resource: "*", Why: "which of Keymend's rules there are, whether they are on, and what they match"},
		{Action: "events:ListTargetsByRule", Resource: rules, Why: "where they send events"},
		{Action: "cloudwatch:GetMetricData", Resource: "*", Why: "how many events couldn't be sent"},
		{Action: "cloudtrail:DescribeTrails", Resource: "*", Why: "whether there is a trail, without which most events aren't there"},
		{Action: "cloudtrail:GetTrailStatus", Resource: trails, Why: "whether it logs"},
		{Action: "cloudtrail:GetEventSelectors", Resource: trails, Why: "whether it logs writes, and KMS's"},
	}
}

// audit is what a person needs, in the hub, who asks what stands where. Members let the
// role take their readers, so that nobody has to be let in there by name.
func (p Place) audit() []Permission {
	return append(p.assume(Reader), Permission{Action: "logs:FilterLogEvents", Resource: p.logStreams(Diagnose), Why: "when an event of an account last came, and what is open there"})
}
