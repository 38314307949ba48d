// Command diagnose is the Lambda function that looks: it takes events from the
// queue of signals, and sends what it may fix to the queue of changes. It only
// reads.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"keymend/pkg/wiring"
	"keymend/pkg/wiring/listing"
)

// version is set by the linker.
var version = "dev"

func main() {
	f, err := wiring.NewDiagnose(os.Getenv, version, listing.Page)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(f.Handle)
}
