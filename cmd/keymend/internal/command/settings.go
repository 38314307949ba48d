package command

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/alecthomas/kong"

	"keymend/pkg/settings"
	"keymend/pkg/settings/variable"
)

// reaching are the settings that say how AWS is reached, as flags. Their help, values and
// defaults are those of settings.Table, see describe; the names are the fields'.
type reaching struct {
	RolePrefix     string `group:"settings" placeholder:"PREFIX"`
	Partition      string `group:"settings"`
	VerifyReads    string `group:"settings" placeholder:"N"`
	VerifyInterval string `group:"settings" placeholder:"DURATION"`
}

// settable are all settings that mean something at a terminal, as flags.
type settable struct {
	OwnKey            string `group:"settings"`
	Accounts          string `group:"settings" placeholder:"ID,..."`
	ForeignKey        string `group:"settings"`
	ForeignStatements string `group:"settings"`
	CopyKey           string `group:"settings" placeholder:"KEY" help:"Alone it stands for --foreign-key=copy, too. With --apply you copy what your own credentials may; the copies stay, whatever becomes of the other key."`
	MoveDefault       string `group:"settings"`
	ServiceLinkedRole string `group:"settings" placeholder:"ROLE"`
	ResumeSuspended   string `group:"settings" placeholder:"N"`
	OwnershipTags     string `group:"settings" placeholder:"TAG,..."`
	SwitchParameter   string `group:"settings" placeholder:"NAME"`
	Scope             string `group:"settings"`
	reaching
}

// bySettingFlag returns the settings that have a flag, by its name.
func bySettingFlag() map[string]settings.Setting {
	out := map[string]settings.Setting{}
	for _, s := range settings.Table() {
		if s.NoFlag == "" {
			out[s.Flag()] = s
		}
	}
	return out
}

// A given is what flags say of settings.
type given struct {
	values   map[string]string // by variable
	settings []string          // flags of settings, as they are given again
	reaching []string          // those of them that undo takes, too
	own      []string          // flags of the command that are tagged again, as they are given again
	takes    bool              // the command takes settings
}

// givenBy reads the flags of the command that is run. A key for copies is of use with
// copies only, and stands for these.
func givenBy(parsed *kong.Context) given {
	g, known := given{values: map[string]string{}}, bySettingFlag()
	i := slices.IndexFunc(parsed.Model.Children, func(n *kong.Node) bool { return n.Name == "undo" })
	undoes := parsed.Model.Children[i].Flags
	for _, flag := range parsed.Flags() {
		if flag.Tag.Has("again") {
			g.own = append(g.own, asGiven(flag)...)
		}
		s, ok := known[flag.Name]
		g.takes = g.takes || ok
		if !ok || !flag.Set {
			continue
		}
		value := flag.Target.String()
		g.values[s.Variable] = value
		g.settings = append(g.settings, "--"+flag.Name+"="+value)
		if slices.ContainsFunc(undoes, func(f *kong.Flag) bool { return f.Name == flag.Name }) {
			g.reaching = append(g.reaching, "--"+flag.Name+"="+value)
		}
	}
	if _, said := g.values[variable.ForeignKey]; !said && g.values[variable.CopyKey] != "" {
		g.values[variable.ForeignKey] = string(settings.ForeignCopy)
	}
	return g
}

// asGiven are the words that give a flag again. A default is left out. That of a path
// isn't: the parser made it absolute, since another shell may be in another folder.
func asGiven(flag *kong.Flag) []string {
	name := "--" + flag.Name
	switch value := flag.Target.Interface().(type) {
	case bool:
		if value {
			return []string{name}
		}
		return nil
	case []string:
		var out []string
		for _, one := range value {
			out = append(out, name+"="+one)
		}
		return out
	}
	if value := fmt.Sprint(flag.Target.Interface()); flag.Set && value != flag.Default {
		return []string{name + "=" + value}
	}
	return nil
}

// again are the flags with which the same is asked again.
func (g given) again() []string { return slices.Concat(g.own, g.settings) }

// over has the flags count before the environment.
func (g given) over(environment func(string) string) func(string) string {
	return func(name string) string {
		if value, ok := g.values[name]; ok {
			return value
		}
		return environment(name)
	}
}

// called names a setting as the person did who set it.
func (p *program) called(name string) string {
	for flag, s := range bySettingFlag() {
		if _, byFlag := p.given.values[name]; s.Variable == name && (byFlag || p.Getenv(name) == "") {
			return "--" + flag
		}
	}
	return name
}

// settings reads flags and environment. The mode there is for the functions: a person
// decides for this run. A misspelt mode is refused all the same, since nobody knows what
// its writer meant.
func (p *program) settings() (settings.Config, error) {
	config, err := settings.ParseAs(func(name string) string {
		if name == variable.Mode {
			return cmp.Or(p.Getenv(name), string(settings.Enforce))
		}
		return p.Getenv(name)
	}, p.called)
	config.Mode, config.ChangesQueueURL = settings.Enforce, ""
	return config, p.unset(err)
}

// unset makes wrong usage of settings that can't be used: the program ends, and the
// mode counts as nothing.
func (p *program) unset(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var problems []error
	for _, problem := range joined.Unwrap() {
		if !errors.Is(problem, settings.ErrMode) {
			problems = append(problems, problem)
		}
	}
	return misused("%w", errors.Join(problems...))
}
