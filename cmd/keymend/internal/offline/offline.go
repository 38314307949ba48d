// Package offline answers in AWS's place out of files, as AWS's API and CLI write them:
// groups, templates, images, snapshots, keys, policies, grants, roles. It reads nothing
// else, and calls nobody. A group is judged by it as in an account: the readers of
// pkg/observe and pkg/keystate read it.
//
// A fact that the files don't have is unknown, and the verdict says so. Where no file at all
// is about images, about the state of keys, about grants or about roles, groups are checked
// without them, and Verdict.LeftOut says so; Options.Strict takes these for unknown, too.
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
	File    string // "" = none alone
	Text    string
	unknown bool // the file holds nothing that is read
}

// String is the problem in a line, with its file.
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
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// Hint says what files may hold, where one held something else; "" = none did.
func (e *FilesError) Hint() string {
	if slices.ContainsFunc(e.Problems, func(p Problem) bool { return p.unknown }) {
		return "check --offline reads key policies, launch templates' data, and what the AWS CLI answers about groups, templates, images, snapshots, keys and roles, as JSON: docs/check.md lists it."
	}
	return ""
}

// problem is an error about one thing in a file.
func problem(file, text string) error {
	return &FilesError{[]Problem{{File: file, Text: text}}}
}

func unrecognised(file, text string) error {
	return &FilesError{[]Problem{{file, text, true}}}
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

// Load reads files, and of folders every *.json below. Its error is a FilesError: whoever
// named the files has to act.
func Load(paths []string, o Options) (*World, error) {
	files, err := open(paths)
	return read(files, err, o)
}

// Read is Load for files that were read already.
func Read(files []File, o Options) (*World, error) { return read(files, nil, o) }

func read(files []File, unread error, o Options) (*World, error) {
	f, errs := newFacts(), []error{unread}
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
	w.override(o)
	if err := w.assign(o.KeyOf); err != nil {
		return err
	}
	return w.makeGroups(o.Role)
}
