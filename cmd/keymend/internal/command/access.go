package command

import (
	"fmt"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access/jsonlines"
)

type accessCmd struct{}

// Help is shown by `keymend access --help`.
func (accessCmd) Help() string {
	return "One object a line: principal, key (ARN or DescribeKey's metadata), policy (object or string), grants (as ListGrants " +
		"returns them), keyState, operations (without \"kms:\"), context (a name that is absent is unknown, null is known to be " +
		"absent), identityPolicies, roleId, id (echoed). One answer for each operation. A line that can't be read gives " +
		"{\"line\":n,\"error\":…}; the rest goes on, and the exit code is 1."
}

// Run answers every line.
func (accessCmd) Run(p *program) error {
	bad, err := jsonlines.Process(p.In, p.Out)
	if err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("could not read %s; each is answered with its number and what is wrong with it", screen.Count(bad, "line"))
	}
	return nil
}
