// Command remediate is the Lambda function that writes: it takes changes from
// their queue, and carries out those that the facts still ask for.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"keymend/pkg/remediation/live"
	"keymend/pkg/remediation/queue"
)

// version is set by the linker.
var version = "dev"

func main() {
	f, err := live.NewRemediate(context.Background(), os.Getenv, version)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(queue.Changes{Remediate: f.Engine.Remediate, Record: f.Engine.Record, Problem: f.Problem, Log: f.Log}.Handle)
}
