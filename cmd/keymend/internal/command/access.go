package command

import (
	"fmt"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access/jsonlines"
)

type accessCmd struct{}

func (accessCmd) about() about {
	return about{
		says: "One object a line: principal, key (ARN or DescribeKey's metadata), policy (object or string), grants (as ListGrants " +
			"returns them), keyState, operations (without \"kms:\"), context (a name that is absent is unknown, null is known to be " +
			"absent), identityPolicies, roleId, id (echoed). One answer for each operation. A line that can't be read gives " +
			"{\"line\":n,\"error\":…}; the rest goes on, and the exit code is 1.",
		examples: []string{"keymend access < questions.jsonl > answers.jsonl"},
		ends:     ends{report.Healed: "every line has its answer", report.Broke: "a line couldn't be read, which its answer says; the others have theirs. Or Keymend failed"},
	}
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
