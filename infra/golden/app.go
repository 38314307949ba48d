package golden

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"keymend/infra/cdkcontext"
	"keymend/infra/function"
)

// Shipped returns the settings of cdk.json, and others in place of them. Root is the
// project's folder.
func Shipped(root string, others map[string]any) (map[string]string, error) {
	context, err := cdkcontext.Read(func(string) string { return "" }, func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(root, name)) //nolint:gosec // tests name the folder
	})
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	maps.Copy(context, others)
	return cdkcontext.Validate(context, cdkcontext.Stack{})
}

// Code are files in place of the functions, so that a template is the same whatever they
// hold.
func Code(root string) map[string]string {
	at := func(name string) string { return filepath.Join(root, "infra", "account", "testdata", name) }
	return map[string]string{function.Diagnose: at("diagnose.zip"), function.Remediate: at("remediate.zip")}
}

// NewApp makes an app that synthesises into a folder, and tells nobody.
func NewApp(outdir string) awscdk.App {
	return awscdk.NewApp(&awscdk.AppProps{Outdir: &outdir, AnalyticsReporting: new(false), TreeMetadata: new(false)})
}

// Assembly makes a folder to synthesise into.
func Assembly() string {
	dir, err := os.MkdirTemp("", "keymend-assembly")
	if err != nil {
		panic(err)
	}
	return dir
}
