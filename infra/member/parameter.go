package member

import "github.com/aws/aws-cdk-go/awscdk/v2"

// A parameter is what a StackSet sets for a wave. The defaults are for those accounts
// that StackSets don't reach: what they deploy by hand is the careful form.
type parameter struct {
	name, description, byDefault, pattern string
	allowed                               []string
}

// common are the parameters of both stacks.
func common(props Props) []parameter {
	return []parameter{
		{"HubAccount", "Account whose functions act here", props.Organization.Hub, "[0-9]{12}", nil},
		{"OrganizationId", "Organization that this account and the hub are in", props.Organization.ID, "o-[a-z0-9]{10,32}", nil},
		{"OwnKey", "auto, policy: the hub may write policies of this account's enrolled keys; grant: it may only create grants", "grant", "", []string{"grant", "auto", "policy"}},
		{"ForeignKey", "report: statements for other accounts' groups are left to the keys' owners; grant: the hub may write them; copy: it may copy what groups launch from", "report", "", []string{"report", "grant", "copy"}},
	}
}

func newParameters(stack awscdk.Stack, parameters []parameter) {
	for _, p := range parameters {
		props := &awscdk.CfnParameterProps{Type: new("String"), Default: p.byDefault, Description: &p.description}
		if p.pattern != "" {
			props.AllowedPattern = &p.pattern
		}
		if p.allowed != nil {
			allowed := []*string{}
			for _, value := range p.allowed {
				allowed = append(allowed, &value)
			}
			props.AllowedValues = &allowed
		}
		awscdk.NewCfnParameter(stack, &p.name, props)
	}
}
