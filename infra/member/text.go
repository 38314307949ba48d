package member

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/pkg/permission"
)

// Texts are the templates of the two stacks, JSON on one line, as StackSets have them.
type Texts struct{ Roles, Region string }

// Synthesise makes the texts, by an app of its own. They are the same each time.
func Synthesise(props Props) (Texts, error) {
	texts, err := synthesise(func(app constructs.Construct) error {
		if _, err := NewRoles(app, "roles", props); err != nil {
			return err
		}
		NewRegion(app, "region", props)
		return nil
	}, "roles", "region")
	if err != nil {
		return Texts{}, err
	}
	return Texts{Roles: string(texts["roles"]), Region: string(texts["region"])}, nil
}

// tagged is the tag that says which template roles are of: the first digits of the
// SHA-256 of the template without it. Settings are parameters and their defaults, which
// don't count: so it changes only when the template does, and is the same in every
// organization.
func tagged(props Props) ([]*awscdk.CfnTag, error) {
	const digits = 8
	texts, err := synthesise(func(app constructs.Construct) error {
		_, err := newRoles(app, "roles", props, nil)
		return err
	}, "roles")
	if err != nil {
		return nil, err
	}
	var counts struct{ Conditions, Resources json.RawMessage }
	if err := json.Unmarshal(texts["roles"], &counts); err != nil {
		return nil, fmt.Errorf("read the members' template: %w", err)
	}
	sum := sha256.Sum256(append(counts.Conditions, counts.Resources...))
	return []*awscdk.CfnTag{{Key: new(permission.Template), Value: new(hex.EncodeToString(sum[:])[:digits])}}, nil
}

// synthesise returns the templates of stacks, JSON on one line, by their names.
func synthesise(stacks func(constructs.Construct) error, names ...string) (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "keymend-member")
	if err != nil {
		return nil, fmt.Errorf("synthesise a member: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &dir, AnalyticsReporting: new(false), TreeMetadata: new(false)})
	if err := stacks(app); err != nil {
		return nil, fmt.Errorf("synthesise a member: %w", err)
	}
	app.Synth(nil)
	out := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(dir, name+".template.json")) //nolint:gosec // the app just wrote it there
		if err != nil {
			return nil, fmt.Errorf("synthesise a member: %w", err)
		}
		var line bytes.Buffer
		if err := json.Compact(&line, text); err != nil {
			return nil, fmt.Errorf("synthesise a member: %w", err)
		}
		out[name] = line.Bytes()
	}
	return out, nil
}
