package command

import (
	"cmp"
	"errors"
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
	flags    []string          // as they have to be given again
	reaching []string          // those of them that undo takes, too
	takes    bool              // the command takes settings
}

// givenBy reads the flags of the command that is run. A key for copies is of use with
// copies only, and stands for these.
func givenBy(parsed *kong.Context) given {
	g, known := given{values: map[string]string{}}, bySettingFlag()
	i := slices.IndexFunc(parsed.Model.Children, func(n *kong.Node) bool { return n.Name == "undo" })
	undoes := parsed.Model.Children[i].Flags
	for _, flag := range parsed.Flags() {
		s, ok := known[flag.Name]
		g.takes = g.takes || ok
		if !ok || !flag.Set {
			continue
		}
		value := flag.Target.String()
		g.values[s.Variable] = value
		g.flags = append(g.flags, "--"+flag.Name+"="+value)
		if slices.ContainsFunc(undoes, func(f *kong.Flag) bool { return f.Name == flag.Name }) {
			g.reaching = append(g.reaching, "--"+flag.Name+"="+value)
		}
	}
	if _, said := g.values[variable.ForeignKey]; !said && g.values[variable.CopyKey] != "" {
		g.values[variable.ForeignKey] = string(settings.ForeignCopy)
	}
	return g
}

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

// settings are those of flags and environment. What the mode there says is for the
// functions: a person decides for this run. A misspelt one is refused all the same, since
// it isn't known what the writer meant.
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
