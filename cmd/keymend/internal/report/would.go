package report

import (
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/arn"
)

// Cause writes why the key stands in the way, which it is, and what takes it: of several
// groups, this one. What is done about it isn't said: it only would be so.
func (k Key) Cause(p *screen.Page, several bool) {
	k.why(p)
	k.name(p)
	from := k.from()
	for i := range from {
		if several {
			from[i] = k.Finding.Group + ": " + from[i]
		}
	}
	p.Row(screen.Bold, "from", from...)
	p.Row(screen.Bold, "role", arn.Last(k.Finding.Principal))
	k.decisions(p)
}
