package doctor

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"keymend/infra/template"
	"keymend/pkg/blueprint"
)

// Names returns the stacks that Keymend may have in a Region.
func Names(region string) []string {
	return []string{own, inRegion + region, hubRoles, hubIn + region}
}

const (
	own      = "keymend"
	inRegion = "keymend-in-"
	hubRoles = "keymend-hub-roles"
	hubIn    = "keymend-hub-"
)

// A deployment is a stack, and the template that it is of, filled in.
type deployment struct {
	Stack
	blueprint.Template
	scope blueprint.Scope
	// exact: policies and patterns are compared, too. A hub's committed templates have the
	// accounts and Regions of the tests.
	exact     bool
	resources []blueprint.Resource
}

func (e *examiner) deployment() {
	switch {
	case e.Stacks.Problem != "":
		e.unknown("stack", "", "whether Keymend is deployed here: "+e.Stacks.Problem)
		return
	case len(e.Stacks.Is) == 0 && e.Member.Problem != "":
		e.unknown("stack", "", "whether an organization's Keymend is here: "+e.Member.Problem)
		return
	case len(e.Stacks.Is) == 0 && e.Member.Is != "":
		e.ok("stack", "this account is a member of an organization that has Keymend (template "+e.Member.Is+"): keymend coverage, with the hub's credentials, says what stands here")
		return
	case len(e.Stacks.Is) == 0:
		e.add(Check{Check: "stack", State: OK, Says: "Keymend isn't deployed here; make deploy deploys it", Page: page + "what-must-exist-first"})
		return
	}
	for _, s := range e.Stacks.Is {
		d, err := deployed(e.Facts, s)
		if err != nil {
			e.unknown("stack", s.Name, err.Error())
			continue
		}
		e.examine(d)
	}
}

// deployed fills in the template of a stack.
func deployed(f Facts, s Stack) (*deployment, error) {
	d := &deployment{Stack: s, exact: s.Name == own || s.Name == inRegion+f.Region}
	var err error
	if d.Template, err = blueprint.Read(text(f, s)); err != nil {
		return nil, err
	}
	values := map[string]string{"AWS::AccountId": f.Account, "AWS::Region": f.Region, "AWS::Partition": f.Partition, "AWS::StackName": s.Name, "AWS::URLSuffix": "amazonaws.com"}
	for name, v := range s.Given {
		values[name] = v
	}
	for _, m := range s.Made {
		values[m.ID] = m.Name
	}
	d.scope = blueprint.Scope{Values: values, Lists: d.Lists(), Conditions: d.Conditions, Attribute: func(id, name string) string { return attribute(f, s, id, name) }}
	d.resources, err = d.Standing(d.scope)
	return d, err
}

// text is the template of a stack.
func text(f Facts, s Stack) []byte {
	switch s.Name {
	case hubRoles:
		return template.HubRoles()
	case hubIn + f.Region:
		return template.Hub()
	case inRegion + f.Region:
		return template.AccountRegion()
	}
	if regions := strings.Split(s.Given["AccountRegions"], ","); len(regions) > 1 {
		return template.AccountOfRegions(slices.DeleteFunc(regions, func(r string) bool { return r == f.Region })...)
	}
	return template.Account()
}

// attribute is what Fn::GetAtt gives, as far as names tell: ARNs.
func attribute(f Facts, s Stack, id, name string) string {
	i := slices.IndexFunc(s.Made, func(m Made) bool { return m.ID == id })
	if i < 0 || name != "Arn" {
		return ""
	}
	m := s.Made[i]
	in := "arn:" + f.Partition + ":%s:" + f.Region + ":" + f.Account + ":"
	switch m.Type {
	case "AWS::IAM::Role":
		return "arn:" + f.Partition + ":iam::" + f.Account + ":role/" + m.Name
	case "AWS::SQS::Queue":
		return fmt.Sprintf(in, "sqs") + path.Base(m.Name)
	case "AWS::Events::Rule":
		return fmt.Sprintf(in, "events") + "rule/" + m.Name
	case "AWS::Lambda::Function":
		return fmt.Sprintf(in, "lambda") + "function:" + m.Name
	case "AWS::Logs::LogGroup":
		return fmt.Sprintf(in, "logs") + "log-group:" + m.Name + ":*"
	}
	return ""
}

// examine holds a deployment to its template.
func (e *examiner) examine(d *deployment) {
	e.stack(d)
	for _, kind := range kinds() {
		all := slices.DeleteFunc(slices.Clone(d.resources), func(r blueprint.Resource) bool { return r.Type != kind.of })
		if len(all) == 0 {
			continue
		}
		e.begin()
		for _, r := range all {
			if name, made := d.scope.Values[r.ID]; made {
				kind.judge(e, d, r, name)
			}
		}
		e.end(kind.check, kind.says(e, d, all))
	}
	if slices.ContainsFunc(d.resources, func(r blueprint.Resource) bool { return r.Type == "AWS::Lambda::Function" }) {
		e.trail()
		e.sweep(d)
		e.version()
	}
}

// stack judges what CloudFormation says of it.
func (e *examiner) stack(d *deployment) {
	e.begin()
	switch {
	case strings.HasSuffix(d.Status, "_IN_PROGRESS"):
		e.bad("stack", d.Name, "it is being changed ("+d.Status+"): ask again once that has ended", "upgrading")
	case !slices.Contains([]string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}, d.Status):
		e.bad("stack", d.Name, "its last change went wrong ("+strings.TrimSuffix(d.Status+": "+d.Reason, ": ")+")", "upgrading",
			e.here("cloudformation", "describe-stack-events", "--stack-name", d.Name, "--query", "StackEvents[?contains(ResourceStatus, `FAILED`)].[LogicalResourceId,ResourceStatusReason]"))
	}
	var lacks []string
	for _, r := range d.resources {
		if _, made := d.scope.Values[r.ID]; !made {
			lacks = append(lacks, r.ID)
		}
	}
	if lacks != nil {
		e.bad("stack", d.Name, "it was deployed by another version: it lacks "+strings.Join(lacks, ", "), "upgrading", "make deploy")
	}
	says := d.Name + ": " + d.Status
	if mode := d.Given["Mode"]; mode != "" {
		says += ", mode " + mode
	}
	if strings.HasPrefix(d.Name, hubIn) {
		says += "; this is the hub of an organization: keymend coverage says where it stands in all"
	}
	e.end("stack", says)
}
