package report

import (
	"strings"

	"keymend/cmd/keymend/internal/screen"
)

// misses shows what looks like access and isn't.
func (k Key) misses(p *screen.Page) {
	if len(k.Finding.NearMisses) == 0 {
		return
	}
	p.Blank()
	p.Text(screen.Bold, "LOOKS LIKE ACCESS, ISN'T")
	const indent, gap, widest = 2, 2, 40
	column := 0
	for _, m := range k.Finding.NearMisses {
		column = max(column, min(len(m.Source), widest))
	}
	for _, m := range k.Finding.NearMisses {
		head := strings.Repeat(" ", indent) + m.Source + strings.Repeat(" ", max(column-len(m.Source), 0)+gap)
		text := strings.TrimLeft(strings.TrimPrefix(m.Text, m.Source), ": ")
		p.Wrapped(head, indent+column+gap, text)
	}
}
