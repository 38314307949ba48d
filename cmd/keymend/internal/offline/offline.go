// Package offline answers in AWS's place out of files, as AWS's API and CLI write them:
// groups, templates, images, snapshots, keys, policies, grants, roles. It reads nothing
// else, and calls nobody. What is judged by it is judged as in an account: the readers of
// pkg/observe and pkg/keystate read it.
//
// What the files don't say isn't known, and said so. Where no file at all is about images,
// about the state of keys, about grants or about roles, what is checked is what there is
// without them, and World.NotSeen says that of each group; Options.Strict takes that for
// unknown, too.
package offline

import (
	"errors"
	"slices"
	"strings"
)

// A File is one that a person named, with its text.
type File struct {
	Name string
	Text []byte
}

// Options say what files don't.
type Options struct {
	Account, Region string            // "" = those of the ARNs in the files
	KeyOf           map[string]string // by a file with a policy or grants, its key: ARN, id or alias
	ByDefault       *bool             // EBS encryption by default; nil = as a file says
	DefaultKey      string            // the account's default EBS key; "" = as a file says
	Role            string            // ARN or name of the role as which templates without a group launch; "" = the default one
	Strict          bool              // what no file is about is unknown
}

// A Problem is what is wrong with a file, or with several.
type Problem struct {
	File string // "" = none alone
	Text string
}

func (p Problem) String() string {
	if p.File == "" {
		return p.Text
	}
	return p.File + ": " + p.Text
}

// A FilesError names everything that is wrong with the files. No file is left out for
// another's fault.
type FilesError struct{ Problems []Problem }

// Error implements error: a line for each.
func (e *FilesError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// problem is an error about one thing in a file.
func problem(file, text string) error {
	return &FilesError{[]Problem{{file, text}}}
}

// joined is all that went wrong, each once; nil where nothing did.
func joined(errs ...error) error {
	var all []Problem
	for _, err := range errs {
		files, ok := errors.AsType[*FilesError](err)
		switch {
		case err == nil:
			continue
		case !ok:
			files = &FilesError{[]Problem{{Text: err.Error()}}}
		}
		for _, p := range files.Problems {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &FilesError{all}
}

// Read takes the files in. Its error is a FilesError: whoever named the files has to act.
func Read(files []File, o Options) (*World, error) {
	f := newFacts()
	var errs []error
	for _, one := range files {
		errs = append(errs, f.file(one))
	}
	if err := joined(errs...); err != nil {
		return nil, err
	}
	w := &World{facts: f, strict: o.Strict}
	if err := w.settle(o); err != nil {
		return nil, err
	}
	return w, nil
}

// settle says where it all is, which keys are meant, and which groups there are.
func (w *World) settle(o Options) error {
	if err := w.locate(o); err != nil {
		return err
	}
	w.suppose(o)
	if err := w.assign(o.KeyOf); err != nil {
		return err
	}
	return w.gather(o.Role)
}
