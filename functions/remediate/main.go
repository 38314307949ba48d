// Command remediate is the Lambda function that writes: it takes changes from
// their queue, and carries out those that the facts still ask for.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"keymend/pkg/wiring"
)

// version is set by the linker.
var version = "dev"

func main() {
	f, err := wiring.NewRemediate(os.Getenv, version)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(f.Handle)
}
