package report

import (
	"fmt"

	"keymend/cmd/keymend/internal/screen"
)

// A sharing is what was found of the other groups that use a key.
type sharing struct{ others, failing int }

// Share says how many other groups use a key, or may, and how many of them lack
// instances.
func (g *Group) Share(key string, others, failing int) {
	if g.shared == nil {
		g.shared = map[string]sharing{}
	}
	g.shared[key] = sharing{others, failing}
}

// Asks reports whether it matters who else uses the key: it isn't known to be open.
func (k Key) Asks() bool { return k.Finding.Key != "" && !k.Finding.Missing.IsZero() }

// also says how many other groups the key concerns.
func (g Group) also(p *screen.Page, k Key) {
	with, ok := g.shared[k.Finding.Key]
	if !ok || k.Finding.Key == "" {
		return
	}
	text := "no other group uses this key"
	switch {
	case with.others == 1 && with.failing == 1:
		text = "1 more group uses this key, or may, and lacks instances"
	case with.others == 1:
		text = "1 more group uses this key, or may"
	case with.others > 1:
		text = fmt.Sprintf("%d more groups use this key, or may; %d of them lack instances", with.others, with.failing)
	}
	p.Row(screen.Bold, "also", text)
}
