package golden

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// Nag returns what cdk-nag's AwsSolutions finds in stacks of an app, by the construct
// and the rule, with what it says.
func Nag(app awscdk.App, stacks ...awscdk.Stack) map[string]string {
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{}), nil)
	out := map[string]string{}
	for _, stack := range stacks {
		a := assertions.Annotations_FromStack(stack)
		for _, m := range append(*a.FindError(new("*"), assertions.Match_AnyValue()), *a.FindWarning(new("*"), assertions.Match_AnyValue())...) {
			rule, text, _ := strings.Cut(fmt.Sprint(m.Entry.Data), ": ") //nolint:staticcheck // the assertions return the type that the CDK deprecated
			out[*m.Id+" "+rule] = text                                   //nolint:staticcheck // the same
		}
	}
	return out
}
