package member

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

// Texts are the templates of the two stacks, JSON on one line, as StackSets have them.
type Texts struct{ Roles, Region string }

// Synthesise makes the texts, by an app of its own. They are the same each time.
func Synthesise(props Props) (Texts, error) {
	dir, err := os.MkdirTemp("", "keymend-member")
	if err != nil {
		return Texts{}, fmt.Errorf("synthesise a member: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &dir, AnalyticsReporting: new(false), TreeMetadata: new(false)})
	if _, err := NewRoles(app, "roles", props); err != nil {
		return Texts{}, fmt.Errorf("synthesise a member: %w", err)
	}
	NewRegion(app, "region", props)
	app.Synth(nil)
	var out Texts
	for name, into := range map[string]*string{"roles": &out.Roles, "region": &out.Region} {
		text, err := os.ReadFile(filepath.Join(dir, name+".template.json")) //nolint:gosec // the app just wrote it there
		if err != nil {
			return Texts{}, fmt.Errorf("synthesise a member: %w", err)
		}
		var line bytes.Buffer
		if err := json.Compact(&line, text); err != nil {
			return Texts{}, fmt.Errorf("synthesise a member: %w", err)
		}
		*into = line.String()
	}
	return out, nil
}
