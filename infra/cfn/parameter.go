package cfn

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"keymend/pkg/settings"
)

// Name returns the name of a setting's parameter: its context key, with a capital.
func Name(s settings.Setting) string { return Capital(s.Context) }

// Capital has a word begin with a capital.
func Capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// NewParameter makes a setting's parameter, of a type of CloudFormation's, with its default.
func NewParameter(stack awscdk.Stack, s settings.Setting, kind, byDefault string) {
	props := &awscdk.CfnParameterProps{Type: &kind, Default: byDefault, Description: &s.Help}
	if len(s.Choices) > 0 {
		props.AllowedValues = Texts(s.Choices)
	}
	if s.Pattern != "" {
		props.AllowedPattern = &s.Pattern
	}
	awscdk.NewCfnParameter(stack, new(Name(s)), props)
}

// Texts returns texts as the CDK takes them.
func Texts(list []string) *[]*string {
	out := make([]*string, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return &out
}
