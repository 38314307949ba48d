package member

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"keymend/infra/cdkcontext"
	"keymend/infra/cfn"
	"keymend/pkg/settings"
)

// A parameter is what a StackSet sets for a wave. The defaults are for those accounts
// that StackSets don't reach: what they deploy by hand is the careful form.
type parameter struct {
	key, of   string // its own key; of the setting whose values it has
	help      string // for whoever looks at it in a member's account
	byDefault string
}

// common are the parameters of both stacks.
func common(props Props) []parameter {
	return []parameter{
		{"hubAccount", "hubAccount", "Account whose functions act here", props.Organization.Hub},
		{"ownKey", "unitsOwnKey", "auto, policy: the hub may write policies of this account's enrolled keys; grant: it may only create grants", "grant"},
		{"foreignKey", "unitsForeignKey", "report: statements for other accounts' groups are left to the keys' owners; grant: the hub may write them; copy: it may copy what groups launch from", "report"},
	}
}

func newParameters(stack awscdk.Stack, parameters []parameter) {
	known := slices.Concat(cdkcontext.OfAccount(), cdkcontext.OfOrganization())
	for _, p := range parameters {
		s := known[slices.IndexFunc(known, func(s settings.Setting) bool { return s.Context == p.of })]
		s.Context, s.Help = p.key, p.help
		cfn.NewParameter(stack, s, "String", p.byDefault)
	}
}
