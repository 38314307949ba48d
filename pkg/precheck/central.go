package precheck

import (
	"slices"
	"strings"

	"keymend/infra/cdkcontext"
	"keymend/pkg/arn"
	"keymend/pkg/permission"
)

// entering is how the hub's roles take those that an account has by the settings of its
// wave. They ask STS in the hub's own Regions.
func (s Settings) entering(account string, w cdkcontext.Wave) []request {
	have := map[string]bool{}
	for _, r := range permission.Members() {
		have[prefix+string(r)] = !s.without(r, w)
	}
	return s.byHub(func(p *permission.Permission) bool {
		to, ok := arn.Parse(p.Resource)
		if !ok || to.Account != "*" || !have[strings.TrimPrefix(to.Resource, "role/")] {
			return false
		}
		to.Account = account
		p.Resource = to.String()
		return p.Action == "sts:AssumeRole" || w.ForeignKey == "grant" // a session for another account is tagged
	})
}

// ofHub is what the hub's roles do in the hub, and how they take the lister.
func (s Settings) ofHub() []request {
	return s.byHub(func(p *permission.Permission) bool { return arn.Account(p.Resource) != "*" })
}

func (s Settings) byHub(asks func(*permission.Permission) bool) []request {
	p := s.place(s.Hub, cdkcontext.Wave{})
	p.Region, p.Functions, p.Listing = "*", s.HubRegions, s.Administrator
	p.Signals, p.Changes, p.Looks, p.Drift, p.SwitchParameter = prefix+"signals", prefix+"changes.fifo", prefix+"looks", prefix+"drift.fifo", "/keymend/hub/switch"
	p.Copies = slices.ContainsFunc(s.Waves, func(w cdkcontext.Wave) bool { return w.ForeignKey == "copy" })
	var out []request
	for _, by := range permission.Hub() {
		for _, one := range permission.For(by, p) {
			if asks(&one) {
				out = append(out, s.everywhere(s.HubRegions, s.Hub, prefix+string(by), one)...)
			}
		}
	}
	return out
}

// listing is what the lister does, in the account that deploys the StackSets.
func (s Settings) listing() []request {
	var out []request
	for _, one := range permission.For(permission.Lister, s.place(s.Administrator, cdkcontext.Wave{})) {
		out = append(out, s.everywhere(s.HubRegions, s.Administrator, prefix+string(permission.Lister), one)...)
	}
	return out
}
