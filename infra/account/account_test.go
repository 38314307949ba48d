package account_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"keymend/infra/account"
)

// A parameter without a default would have to be given by hand at each deployment.
func TestEveryParameterHasADefault(t *testing.T) {
	outdir := t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &outdir, AnalyticsReporting: new(false)})
	_, err := account.NewStack(app, "keymend", account.Props{Defaults: map[string]string{"mode": "enforce"}})
	if err == nil || !strings.Contains(err.Error(), "keymend:scope is missing") {
		t.Errorf("got %v", err)
	}
}
