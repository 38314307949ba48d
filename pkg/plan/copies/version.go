package copies

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/change"
	"keymend/pkg/kind/template"
	"keymend/pkg/tag"
)

// versions sees to it that every way's template has a version that names the
// copies, and that the group launches from it.
func (c Case) versions() (Outcome, error) {
	for _, w := range c.Ways {
		out, err := c.version(w)
		if err != nil || len(out.Steps) > 0 || out.Wait != "" || out.Stop != nil {
			return out, err
		}
	}
	return Outcome{}, nil
}

func (c Case) version(w Way) (Outcome, error) {
	derived, err := Derive(w.Template.Data, c.change(w))
	if err != nil {
		return Outcome{}, err
	}
	wanted, err := template.Digest(derived)
	if err != nil {
		return Outcome{}, err
	}
	version := template.NewVersion{
		Scene: c.scene(w.Template.ID), From: w.Template.Version, Wanted: wanted,
		CopyKey: c.CopyKey.ARN, Asked: w.Asked, Mixed: w.Mixed, Group: c.Group, Follow: w.Template.on("$Latest"),
	}
	version.ImageID, version.Mappings = Send(w.Template.Data, derived)
	if made, ok := Made(w.Template.Later, w.Template.Version, wanted); ok {
		return c.lead(w, version, made), nil
	}
	if stop := c.mayMake(w); stop != nil {
		return Outcome{Stop: stop}, nil
	}
	steps := change.Steps{version}
	if w.Asked == "$Default" && c.mayMove(w) == nil {
		steps = append(steps, c.setDefault(w, 0))
	}
	return Outcome{Steps: steps}, nil
}

// change says what the version names instead.
func (c Case) change(w Way) Change {
	out := Change{Images: map[string]string{}, Snapshots: map[string]string{}, Keys: map[string]string{}}
	for _, s := range w.Sources {
		copied, ok := s.ready()
		switch {
		case !ok:
		case s.Image():
			out.Images[s.ID] = copied.ID
			for from, to := range copied.Of { // a template may send the image's snapshots again
				out.Snapshots[from] = to
			}
		default:
			out.Snapshots[s.ID] = copied.ID
		}
	}
	for _, id := range w.KeyIDs {
		out.Keys[id] = c.CopyKey.ARN
	}
	return out
}

// Made returns the version that Keymend made of version from, and whose data has the wanted
// digest; false where there is none.
func Made(all []Version, from int64, wanted string) (Version, bool) {
	at := slices.IndexFunc(all, func(v Version) bool {
		digest, err := template.Digest(v.Data)
		return err == nil && digest == wanted && strings.HasPrefix(v.Description, tag.Version(from)+" ")
	})
	if at < 0 {
		return Version{}, false
	}
	return all[at], true
}

// on names the groups that use the template by $Latest, or by $Default.
func (t Template) on(version string) []string {
	var out []string
	for _, g := range t.Groups {
		if g.Version == version && !slices.Contains(out, g.Group) {
			out = append(out, g.Group)
		}
	}
	slices.Sort(out)
	return out
}

// mayMake says why the version mustn't be made: it would change what a group
// launches that isn't in scope, or take one that follows $Latest back to an older
// version.
func (c Case) mayMake(w Way) *Stop {
	t := w.Template
	latest := t.on("$Latest")
	if len(latest) > 0 && t.Latest != t.Version {
		return c.stop(fmt.Sprintf("a version made of version %d of %s would become its latest, and group %s follows $Latest, which is version %d now",
			t.Version, t.ID, strings.Join(latest, " and "), t.Latest),
			"make that version by hand where it does no harm, or have the groups name version numbers; the version has to name "+c.instead(w))
	}
	if why := t.outOfScope("$Latest"); why != "" {
		return c.stop(fmt.Sprintf("a new version of %s changes what every group on $Latest launches, and %s", t.ID, why),
			"its owner changes the template; a version has to name "+c.instead(w))
	}
	return nil
}

// mayMove says why $Default mustn't be moved.
func (c Case) mayMove(w Way) *Stop {
	t := w.Template
	if why := t.outOfScope("$Default"); why != "" {
		return &Stop{Text: fmt.Sprintf("moving $Default of %s changes what every group on it launches, and %s", t.ID, why)}
	}
	others := slices.DeleteFunc(t.on("$Default"), func(g string) bool { return g == c.Group })
	if len(others) > 0 && !c.MoveDefault {
		return &Stop{Text: fmt.Sprintf("group %s uses $Default of %s, too, and the settings don't let Keymend move it then (moveDefault: false)",
			strings.Join(others, " and "), t.ID)}
	}
	return nil
}

// outOfScope says which group on a version isn't Keymend's to change.
func (t Template) outOfScope(version string) string {
	for _, g := range t.Groups {
		switch {
		case g.Version != version:
		case g.Ignored:
			return "group " + g.Group + " has the tag keymend=ignore"
		case g.ManagedBy != "":
			return "group " + g.Group + " belongs to " + g.ManagedBy
		}
	}
	return ""
}

// lead has the group launch from a version that is there, or says what a person
// does.
func (c Case) lead(w Way, version template.NewVersion, made Version) Outcome {
	why := fmt.Sprintf("version %d of %s launches without %s, and the group names version %s", made.Number, w.Template.ID, c.Key, w.Asked)
	if w.Asked == "$Default" {
		stop := c.mayMove(w)
		if stop == nil {
			return Outcome{Steps: change.Steps{c.setDefault(w, made.Number)}}
		}
		why += ": " + stop.Text
	}
	if w.Asked == "$Latest" { // made between two reads
		return Outcome{Wait: fmt.Sprintf("group %s launches from version %d of %s from now on", c.Group, made.Number, w.Template.ID)}
	}
	next, run := version.Next(made.Number)
	stop := c.stop(why, next).by(run)
	stop.Done = true
	return Outcome{Stop: stop}
}

func (c Case) setDefault(w Way, version int64) template.SetDefault {
	return template.SetDefault{
		Scene: c.scene(w.Template.ID), Version: version, Before: w.Template.Default, From: w.Template.Version, Follow: w.Template.on("$Default"),
	}
}
