package owncopy

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A Step is one change. The set is closed: Copying, RemoveCopy,
// NewTemplateVersion, SetDefaultVersion.
type Step interface {
	// Type is the step's name on the wire.
	Type() string
	// Account is the account in which the step is carried out: the group's.
	Account() string
	// Of is the key of another account that the step is about, by its ARN.
	Of() string
	sealed()
}

// A Scene is what every step has.
type Scene struct {
	In     string `json:"account"`
	Region string `json:"region"`
	Key    string `json:"key"` // ARN of the other account's key
}

// Account implements Step.
func (s Scene) Account() string { return s.In }

// Of implements Step.
func (s Scene) Of() string { return s.Key }
func (Scene) sealed()      {}

// Copying copies an image with its snapshots, or a snapshot.
type Copying struct {
	Scene
	Source  string   `json:"source"`         // id of the image or snapshot
	Name    string   `json:"name,omitempty"` // an image's; no two of an account's have the same
	CopyKey string   `json:"copyKey"`        // ARN
	Keys    []string `json:"keys"`           // ARNs of those that the data lies under
	Group   string   `json:"group"`
}

// RemoveCopy deregisters an image that Keymend copied and deletes its snapshots,
// or deletes a copied snapshot.
type RemoveCopy struct {
	Scene
	Source      string   `json:"source"`
	CopyKey     string   `json:"copyKey"`
	ID          string   `json:"id,omitempty"` // "" = that which the remediation made, or none is left but its snapshots
	Snapshots   []string `json:"snapshots,omitempty"`
	Remediation string   `json:"remediation,omitempty"` // that made it
	Why         string   `json:"why,omitempty"`
}

// NewTemplateVersion makes a version that differs from another only in the image,
// the snapshots and the keys that the copies replace.
type NewTemplateVersion struct {
	Scene
	Template string            `json:"template"`
	From     int64             `json:"from"`               // version that it is made of
	ImageID  string            `json:"imageId,omitempty"`  // "" = as there
	Mappings []json.RawMessage `json:"mappings,omitempty"` // the whole list, as EC2's API names its members; none = as there
	Wanted   string            `json:"wanted"`             // digest of the whole version as it shall be
	CopyKey  string            `json:"copyKey"`
	Asked    string            `json:"asked"`            // the version as the group names it
	Mixed    bool              `json:"mixed,omitempty"`  // in a mixed instances policy
	Follow   []string          `json:"follow,omitempty"` // groups on $Latest, which launch from it from then on
	Group    string            `json:"group"`
}

// SetDefaultVersion makes a version the template's default.
type SetDefaultVersion struct {
	Scene
	Template string   `json:"template"`
	Version  int64    `json:"version,omitempty"` // 0 = the one that was made just before
	Before   int64    `json:"before"`            // the default that it replaces
	Follow   []string `json:"follow,omitempty"`  // groups on $Default
}

// DeleteTemplateVersion takes a NewTemplateVersion back. It is no Step: no plan has
// it, only an undo.
type DeleteTemplateVersion struct {
	Scene
	Template    string `json:"template"`
	From        int64  `json:"from"` // version that it was made of
	Remediation string `json:"remediation"`
}

// Type implements Step.
func (s Copying) Type() string {
	if strings.HasPrefix(s.Source, "ami-") {
		return "CopyImage"
	}
	return "CopySnapshot"
}

// Type implements Step.
func (RemoveCopy) Type() string { return "RemoveCopy" }

// Type implements Step.
func (NewTemplateVersion) Type() string { return "NewTemplateVersion" }

// Type implements Step.
func (SetDefaultVersion) Type() string { return "SetDefaultVersion" }

// MarshalJSON implements json.Marshaler.
func (s Copying) MarshalJSON() ([]byte, error) {
	type plain Copying
	return withType(s.Type(), plain(s))
}

// MarshalJSON implements json.Marshaler.
func (s RemoveCopy) MarshalJSON() ([]byte, error) {
	type plain RemoveCopy
	return withType(s.Type(), plain(s))
}

// MarshalJSON implements json.Marshaler.
func (s NewTemplateVersion) MarshalJSON() ([]byte, error) {
	type plain NewTemplateVersion
	return withType(s.Type(), plain(s))
}

// MarshalJSON implements json.Marshaler.
func (s SetDefaultVersion) MarshalJSON() ([]byte, error) {
	type plain SetDefaultVersion
	return withType(s.Type(), plain(s))
}

func withType(name string, plain any) ([]byte, error) {
	text, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	return append([]byte(`{"type":"`+name+`",`), text[1:]...), nil
}

// Unmarshal reads a step of a type by its name on the wire.
func Unmarshal(name string, text []byte) (Step, error) {
	switch name {
	case "CopyImage", "CopySnapshot":
		s, err := read[Copying](text)
		if err == nil && s.Type() != name {
			err = fmt.Errorf("a %s of %q", name, s.Source)
		}
		return s, err
	case RemoveCopy{}.Type():
		return read[RemoveCopy](text)
	case NewTemplateVersion{}.Type():
		return read[NewTemplateVersion](text)
	case SetDefaultVersion{}.Type():
		return read[SetDefaultVersion](text)
	}
	return nil, fmt.Errorf("no such type of step: %q", name)
}

func read[T Step](text []byte) (T, error) {
	var s T
	err := json.Unmarshal(text, &s)
	return s, err
}
