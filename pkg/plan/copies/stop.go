package copies

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/quote"
)

func (c Case) stop(text, next string) *Stop {
	return &Stop{Text: text + ".", Next: strings.ToUpper(next[:1]) + next[1:] + "."}
}

// by adds the commands that do what comes next.
func (s *Stop) by(run ...quote.Task) *Stop {
	s.Run = slices.DeleteFunc(run, func(t quote.Task) bool { return t == quote.Task{} })
	return s
}

// unchangeable says why a way stays as it is: because nobody but its owner may
// change it, or because its source can't be copied.
func (c Case) unchangeable(w Way) *Stop {
	for _, check := range []func(Way) *Stop{c.owners, c.named, c.uncopyable} {
		if stop := check(w); stop != nil {
			return stop
		}
	}
	return nil
}

// owners: what the way is written in isn't Keymend's to change.
func (c Case) owners(w Way) *Stop {
	if at := slices.IndexFunc(w.Template.Groups, func(g Follower) bool { return g.Group == c.Group && g.Ignored }); at >= 0 {
		return c.stop("group "+c.Group+" has the tag keymend=ignore", "take the tag away, or have the group launch from "+c.instead(w))
	}
	switch {
	case w.Default != "":
		return c.stop("the key is the account's default EBS key: "+w.Default,
			"a person of account "+c.Account+" decides which key that is; every new volume of the account lands on it").by(
			quote.Task{Account: c.Account, Command: quote.Command("aws", "ec2", "modify-ebs-default-kms-key-id", "--kms-key-id", c.CopyKey.ARN, "--region", c.Region)})
	case w.Configuration != "":
		return c.stop("a launch configuration can't be changed once it is made: "+w.Configuration,
			"have the group launch from a launch template that names "+c.instead(w))
	case w.Template.ManagedBy != "":
		return c.stop(fmt.Sprintf("launch template %s belongs to %s", w.Template.ID, w.Template.ManagedBy),
			"change it where its owner keeps it: it has to name "+c.instead(w))
	}
	return nil
}

// named: the image isn't named where a template version could name another.
func (c Case) named(w Way) *Stop {
	image := slices.ContainsFunc(w.Sources, func(s Source) bool { return s.Image() })
	switch {
	case image && w.Override:
		return c.stop(fmt.Sprintf("an override of the group's mixed instances policy names image %s; only who keeps the group can change it", w.Image),
			"name "+c.instead(w)+" there")
	case image && w.Parameter != "":
		return c.stop(fmt.Sprintf("%s names its image as %s; a version that names the copy would stand still where the parameter goes on", w.Name, w.Parameter),
			"have whoever sets the parameter set it to "+c.instead(w))
	}
	return nil
}

// uncopyable: EC2 would refuse the copy, or make none that helps.
func (c Case) uncopyable(w Way) *Stop {
	for _, s := range w.Sources {
		switch {
		case s.Gone:
			return c.stop(fmt.Sprintf("%s can't be seen from account %s any more", s.ID, c.Account), "its owner shares it, or the template names another")
		case s.Marketplace && s.Owner != c.Account:
			return c.stop(fmt.Sprintf("image %s is AWS Marketplace's, which can't be copied from another account", s.ID),
				"subscribe to it in account "+c.Account+" and name the image from there, or have its owner, account "+s.Owner+", let the group use the key")
		case len(s.Hidden) > 0:
			return c.stop(fmt.Sprintf("image %s is shared with account %s without its storage (%s), and EC2 copies none without: You do not have permission to access the storage of this ami",
				s.ID, c.Account, strings.Join(s.Hidden, ", ")), "account "+s.Owner+", its owner, shares it").by(c.share(s)...)
		}
	}
	return nil
}

func (c Case) share(s Source) []quote.Task {
	var out []quote.Task
	for _, id := range s.Hidden {
		out = append(out, quote.Task{Account: s.Owner, Command: quote.Command("aws", "ec2", "modify-snapshot-attribute", "--snapshot-id", id,
			"--attribute", "createVolumePermission", "--operation-type", "add", "--user-ids", c.Account, "--region", c.Region)})
	}
	return out
}

// instead says what the way has to name.
func (c Case) instead(w Way) string {
	var parts []string
	for _, s := range w.Sources {
		what := "a copy of " + s.ID + " under " + c.CopyKey.ARN
		if copied, ok := s.ready(); ok {
			what = copied.ID + " (the copy of " + s.ID + ")"
		}
		parts = append(parts, what)
	}
	if len(w.KeyIDs) > 0 {
		parts = append(parts, c.CopyKey.ARN+" as KmsKeyId")
	}
	return strings.Join(parts, " and ")
}
