package command

import (
	"fmt"
	"strings"
)

type version struct{}

func (version) about() about {
	return about{
		examples: []string{"keymend version"},
		ends:     done("it is printed"),
	}
}

// Run prints the version.
func (version) Run(p *program) error {
	if _, err := fmt.Fprintln(p.Out, p.version()); err != nil {
		return fmt.Errorf("write version: %w", err)
	}
	return nil
}

// version is the line that says which version this is.
func (s Surroundings) version() string {
	if !s.asJSON {
		return "keymend " + s.Version
	}
	var out strings.Builder
	_ = line(&out, map[string]string{"schema": "keymend.version/1", "version": s.Version}) // texts are always written
	return strings.TrimSuffix(out.String(), "\n")
}
