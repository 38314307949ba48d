package signal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"keymend/pkg/permission"
)

// An OwnWrite is a call that changed something, by a role that is one of Keymend's by
// its name's beginning, as in testdata/events/own-write-*.json. Time is the call's.
type OwnWrite struct {
	Event
	Action  string // as in "kms:PutKeyPolicy"
	Role    string // ARN of the role that called, without its session
	Session string // the session's name
	Target  string // ARN, id or name of what was changed; "" where the record doesn't say
	// SourceAccount is the account that the session says it is from, another than this
	// one; "" = it says none. The role's trust lets nobody say another than their own.
	SourceAccount string
}

// A write is a call that a role of Keymend's may make.
type write struct {
	action  string
	targets []string // where its record names what was changed; the first that is there counts
}

// writes are in the order of the rule's pattern. KMS names the key's ARN wherever
// it can.
//
//	KMS           https://docs.aws.amazon.com/kms/latest/developerguide/understanding-kms-entries.html
//	EC2           https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-with-cloudtrail.html
//	IAM           https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
//	Auto Scaling  https://docs.aws.amazon.com/autoscaling/ec2/userguide/logging-using-cloudtrail.html
func writes() []write {
	key := []string{"resources.0.ARN", "requestParameters.keyId"}
	return []write{
		{"kms:PutKeyPolicy", key}, {"kms:CreateGrant", key}, {"kms:RetireGrant", key},
		{"ec2:CopyImage", []string{"requestParameters.sourceImageId"}},
		{"ec2:CopySnapshot", []string{"requestParameters.sourceSnapshotId"}},
		{"ec2:DeregisterImage", []string{"requestParameters.imageId"}},
		{"ec2:DeleteSnapshot", []string{"requestParameters.snapshotId"}},
		{"ec2:CreateLaunchTemplateVersion", []string{"requestParameters.CreateLaunchTemplateVersionRequest.LaunchTemplateId"}},
		{"ec2:ModifyLaunchTemplate", []string{"requestParameters.ModifyLaunchTemplateRequest.LaunchTemplateId"}},
		{"iam:CreateServiceLinkedRole", []string{"responseElements.role.arn"}},
		{"autoscaling:UpdateAutoScalingGroup", []string{"requestParameters.autoScalingGroupName"}},
		{"autoscaling:ResumeProcesses", []string{"requestParameters.autoScalingGroupName"}},
	}
}

// ownWrites matches the writes by the roles that may make them. infra/template's
// tests hold it to pkg/permission.
func ownWrites() Rule {
	r := Rule{
		ID: "OwnWrites", Signal: OwnWrite{}.Name(), detailType: apiCall, own: true, parse: parseOwnWrite,
		Description: "Writes by Keymend's roles, each of which must have its intent in the audit log; needs a trail",
	}
	var names []string
	for _, w := range writes() {
		service, name, _ := strings.Cut(w.action, ":")
		if source := "aws." + service; !slices.Contains(r.sources, source) {
			r.sources = append(r.sources, source)
		}
		r.calls, names = append(r.calls, w.action), append(names, name)
	}
	r.detail = func(rolePrefix string) map[string]any {
		var roles []string
		for _, writer := range []permission.Role{permission.Granter, permission.PolicyWriter, permission.GroupWriter, permission.Copier} {
			roles = append(roles, rolePrefix+string(writer))
		}
		issuer := map[string]any{"sessionIssuer": map[string]any{"userName": list(roles...)}}
		return map[string]any{"eventName": list(names...), "errorCode": accepted(), "userIdentity": map[string]any{"sessionContext": issuer}}
	}
	return r
}

// parseOwnWrite: a call with an errorCode changed nothing.
func parseOwnWrite(e Event, detail gjson.Result) (Signal, error) {
	if _, err := required(detail, detailOf, "eventName"); err != nil {
		return nil, err
	}
	s, all := OwnWrite{Event: e, Action: action(detail)}, writes()
	at := slices.IndexFunc(all, func(w write) bool { return w.action == s.Action })
	switch {
	case at < 0:
		return nil, &Ignored{Reason: fmt.Sprintf("a call of %s, which Keymend doesn't look at", s.Action)}
	case detail.Get("errorCode").Exists():
		return nil, refused(detail)
	}
	var err error
	if s.Role, err = required(detail, detailOf, "userIdentity.sessionContext.sessionIssuer.arn"); err != nil {
		return nil, err
	}
	arn, err := required(detail, detailOf, "userIdentity.arn")
	if err != nil {
		return nil, err
	}
	s.Session = arn[strings.LastIndexByte(arn, '/')+1:]
	if from := text(detail, "userIdentity.sessionContext.sourceIdentity"); from != e.Account && accountForm.MatchString(from) {
		s.SourceAccount = from
	}
	s.Target, s.Time = firstOf(detail, all[at].targets...), calledAt(e, detail)
	return s, nil
}

// Name implements Signal.
func (w OwnWrite) Name() string {
	if w.Taken() {
		return "own-session"
	}
	return "own-write"
}
