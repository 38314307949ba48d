package command

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// asksJSON reports whether the arguments ask for JSON, also where they can't be parsed.
func asksJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	for i, a := range args {
		if a == "--output=json" || a == "json" && i > 0 && args[i-1] == "--output" {
			return true
		}
	}
	return false
}

// outputsOf are the forms that a command writes. A list has more than others.
func outputsOf(args []string) []string {
	if slices.Contains(args, "scan") {
		return []string{"text", "table", "json", "csv", "html"}
	}
	return []string{"text", "json"}
}

// json reports whether the answer is for programs.
func (p *program) json() bool { return p.flags.Output == "json" }

// object writes one object of an answer, on a line of its own.
func (p *program) object(v any) error {
	p.quiet()
	if err := line(p.Out, v); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

func line(to io.Writer, v any) error {
	out := json.NewEncoder(to)
	out.SetEscapeHTML(false)
	return out.Encode(v)
}
