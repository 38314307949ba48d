package conformance_test

import "keymend/pkg/sandbox/conformance/tool"

var (
	boto3  = tool.Boto3()
	awsCLI = tool.Tool{Program: "aws", Probe: []string{"--version"}, What: "the AWS CLI, once per service"}
	moto   = tool.Moto("the sandbox against moto")
)
