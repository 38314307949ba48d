package copies

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/change"
	step "keymend/pkg/kind/copies"
	"keymend/pkg/kind/template"
	"keymend/pkg/quote"
)

// An Outcome is what comes next in a case. Either it has steps, or Wait or Stop
// says why not; none of them where no way needs the key.
type Outcome struct {
	Steps change.Steps // in order, on one target
	Wait  string       // what is on its way, in words
	Stop  *Stop
}

// A Stop says why Keymend goes no further by itself.
type Stop struct {
	Text string       // what stands in the way
	Next string       // what a person does about it
	Run  []quote.Task // the commands that do it, where some do
	// Done: Keymend did all that it may; the rest is a person's.
	Done bool
}

// Next says what comes next, by the table at the head of the package. A way that
// can't be changed stops the others, too: a group that half launches helps
// nobody, and copies cost money.
func Next(c Case) (Outcome, error) {
	if c.CopyKeyProblem != "" {
		return Outcome{Stop: &Stop{Text: c.CopyKeyProblem,
			Next: "Name an enabled symmetric customer managed key of account " + c.Account + " in " + c.Region + " as copyKey in Keymend's settings."}}, nil
	}
	for _, w := range c.Ways {
		if stop := c.unchangeable(w); stop != nil {
			return Outcome{Stop: stop}, nil
		}
	}
	if out, done := c.copies(); !done {
		return out, nil
	}
	return c.versions()
}

// sources returns each image and snapshot once.
func (c Case) sources() []Source {
	var out []Source
	for _, w := range c.Ways {
		for _, s := range w.Sources {
			if !slices.ContainsFunc(out, func(o Source) bool { return o.ID == s.ID }) {
				out = append(out, s)
			}
		}
	}
	return out
}

// copies sees to it that there is a ready copy of every source: false until
// there is. First it clears away copies that failed, then it begins those that are
// missing, and then it waits.
func (c Case) copies() (Outcome, bool) {
	all := c.sources()
	for _, s := range all {
		if remove, ok := c.remove(s); ok {
			return Outcome{Steps: change.Steps{remove}}, false
		}
	}
	for _, s := range all {
		if len(s.Copies) == 0 {
			return Outcome{Steps: change.Steps{step.Make{
				Account: c.Account, Region: c.Region, Key: c.Key,
				Source: s.ID, Name: c.name(s.ID), CopyKey: c.CopyKey.ARN, Keys: s.Keys, Group: c.Group,
			}}}, false
		}
	}
	for _, s := range all {
		if _, ready := s.ready(); ready {
			continue
		}
		if at := slices.IndexFunc(s.Copies, func(o Copy) bool { return o.State == Pending }); at >= 0 {
			return Outcome{Wait: fmt.Sprintf("%s, a copy of %s under %s, isn't ready yet", s.Copies[at].ID, s.ID, c.CopyKey.ARN)}, false
		}
		return Outcome{Stop: &Stop{
			Text: fmt.Sprintf("%s, Keymend's copy of %s, can't be used: %s", s.Copies[0].ID, s.ID, s.Copies[0].Reason),
			Next: "Enable it, or take it away (aws ec2 deregister-image, aws ec2 delete-snapshot), and Keymend makes another at the group's next failure.",
		}}, false
	}
	return Outcome{}, true
}

// ready returns the first copy that can be launched from.
func (s Source) ready() (Copy, bool) {
	at := slices.IndexFunc(s.Copies, func(o Copy) bool { return o.State == Ready })
	if at < 0 {
		return Copy{}, false
	}
	return s.Copies[at], true
}

// remove clears away a copy that failed, and snapshots that an interrupted
// clearing left. Snapshots of a copy that is being made aren't its image's yet.
func (c Case) remove(s Source) (step.Remove, bool) {
	out := step.Remove{Account: c.Account, Region: c.Region, Key: c.Key, Source: s.ID, CopyKey: c.CopyKey.ARN}
	for _, o := range s.Copies {
		if o.State == Failed {
			out.ID, out.Snapshots, out.Remediation = o.ID, o.Snapshots, o.Remediation
			out.Why = strings.TrimSpace("the copy failed: "+o.Reason) + c.shut(s, o)
			return out, true
		}
	}
	if len(s.Orphans) > 0 && !slices.ContainsFunc(s.Copies, func(o Copy) bool { return o.State == Pending }) {
		out.Snapshots, out.Why = s.Orphans, "their image, a copy that failed, is gone"
		return out, true
	}
	return step.Remove{}, false
}

// shut says what a copy that failed for a key lacked. EC2's text tells no key.
func (c Case) shut(s Source, o Copy) string {
	if !strings.Contains(o.Reason, "not accessible") {
		return ""
	}
	return fmt.Sprintf(". The policy of %s has to let account %s copy by way of EC2 (the statements are in docs/copies.md), and whoever copies may use %s",
		strings.Join(s.Keys, ", and of "), c.Account, c.CopyKey.ARN)
}

func (c Case) scene(of string) template.Scene {
	return template.Scene{Account: c.Account, Region: c.Region, Key: c.Key, Template: of}
}

// name is a copied image's. It is the same whenever the same is copied under the
// same key, and EC2 lets no two images of an account have one name: so even where
// the first copy doesn't show yet there is no second.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopyImage.html
func (c Case) name(source string) string {
	if !step.IsImage(source) {
		return ""
	}
	return "keymend copy of " + source + " under " + c.CopyKey.ARN[strings.LastIndexByte(c.CopyKey.ARN, '/')+1:]
}
