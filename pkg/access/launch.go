package access

import (
	"strings"

	"keymend/pkg/arn"
)

// LaunchContext is what is known of the KMS requests that EC2 makes for an
// instance launched by a service-linked role: they carry the role's identity
// and come by way of EC2. What no source settles (aws:ViaAWSService,
// aws:CalledVia, the organization, the address) stays unknown.
//
// The role must be of the account that launches. Sources: docs/unknowns.md, and
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
func LaunchContext(p Principal, keyARN string) Context {
	key, _ := arn.Parse(keyARN)
	values := map[string][]string{
		// The suffix is the same in every partition.
		"kms:viaservice":                {"ec2." + key.Region + ".amazonaws.com"},
		"kms:grantisforawsresource":     {"true"},
		"kms:encryptioncontextkeys":     {"aws:ebs:id"},
		"aws:requestedregion":           {key.Region},
		"aws:securetransport":           {"true"}, // KMS speaks nothing else
		"aws:principaltype":             {"AssumedRole"},
		"aws:principalisawsservice":     {"false"}, // "… also set to false if the service uses a service-linked role"
		"aws:principalservicename":      nil,
		"aws:principalservicenameslist": nil,
		"aws:username":                  nil, // roles have none
		"aws:federatedprovider":         nil,
		"aws:sourcevpc":                 nil, // the request comes from EC2, not from the customer's network
		"aws:sourcevpce":                nil,
		"aws:vpcsourceip":               nil,
	}
	if _, session, ok := parseSession(p.session()); ok && p.ID != "" {
		values["aws:userid"] = []string{p.ID + ":" + session}
	}
	return Context{Values: values}.with(p.context())
}

func parseSession(s string) (role, session string, ok bool) {
	a, ok := arn.Parse(s)
	if !ok {
		return "", "", false
	}
	return sessionIn(a)
}

// context is what every request by the principal carries.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (p Principal) context() map[string][]string {
	if p.ARN == "" {
		return nil
	}
	account := p.account()
	return map[string][]string{
		"aws:principalarn":     {p.ARN},
		"aws:principalaccount": {account},
		"kms:calleraccount":    {account},
	}
}

func (p Principal) account() string { return arn.Account(p.ARN) }

// serviceLinked reports whether the principal is a service-linked role.
func (p Principal) serviceLinked() bool {
	a, ok := arn.Parse(p.ARN)
	path, _, isRole := roleIn(a)
	return ok && isRole && strings.HasPrefix(path, "aws-service-role/")
}

// session returns the ARN of the principal's session. Auto Scaling calls its
// sessions "AutoScaling", as CloudTrail shows.
func (p Principal) session() string {
	if p.SessionARN != "" {
		return p.SessionARN
	}
	a, _ := arn.Parse(p.ARN)
	path, name, _ := roleIn(a)
	if path != "aws-service-role/autoscaling.amazonaws.com/" {
		return ""
	}
	return "arn:" + a.Partition + ":sts::" + a.Account + ":assumed-role/" + name + "/AutoScaling"
}
