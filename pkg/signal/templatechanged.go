package signal

import "github.com/tidwall/gjson"

// templateChanged is a launch template from which groups may launch in another way now:
// it has a new version, or another default, as in testdata/events/template-*.json.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-with-cloudtrail.html
func templateChanged() Rule {
	parse := func(e Event, detail gjson.Result) (Signal, error) {
		name := text(detail, "eventName")
		in, out := "requestParameters."+name+"Request.", "responseElements."+name+"Response.launchTemplate"
		template := firstOf(detail, out+".launchTemplateId", out+"Version.launchTemplateId", in+"LaunchTemplateId", in+"LaunchTemplateName")
		if template == "" {
			return nil, &Malformed{Where: detailOf + in + "LaunchTemplateId", What: "is missing, and so is LaunchTemplateName"}
		}
		return e.ask(WhyTemplateChanged, Users{Template: template}), nil
	}
	return callRule("TemplateChanged", WhyTemplateChanged, "Groups that use a launch template are looked at when somebody changes it; needs a trail",
		parse, "ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate")
}
