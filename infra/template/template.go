// Package template holds Keymend's CloudFormation template for one account and
// Region, as the CDK app (infra, infra/account) synthesises it from the shipped
// cdk.json. So the demo, the sandbox and the end-to-end tests deploy what is
// deployed to AWS, and need no Node and no CDK for it.
//
// `go test ./infra/account -update` writes account.json anew. Only the functions'
// code is a stand-in there: the keys of real zips change with every build.
package template

import _ "embed" // for the template

//go:embed account.json
var account string

// Account returns the template, JSON.
func Account() []byte { return []byte(account) }
