package blueprint

import (
	"maps"
	"slices"
)

// Revert returns the AWS CLI's commands, as words, by which CloudFormation makes again what
// somebody changed of a stack by hand.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
func (t Template) Revert(stack, region string) [][]string {
	const name = "keymend-as-deployed"
	words := []string{"aws", "cloudformation", "create-change-set", "--stack-name", stack, "--change-set-name", name, "--use-previous-template", "--deployment-mode", "REVERT_DRIFT", "--capabilities", "CAPABILITY_NAMED_IAM", "--parameters"}
	for _, p := range slices.Sorted(maps.Keys(t.Parameters)) {
		words = append(words, "ParameterKey="+p+",UsePreviousValue=true")
	}
	return [][]string{
		append(words, "--region", region),
		{"aws", "cloudformation", "wait", "change-set-create-complete", "--stack-name", stack, "--change-set-name", name, "--region", region},
		{"aws", "cloudformation", "execute-change-set", "--stack-name", stack, "--change-set-name", name, "--region", region},
	}
}
