package command

import (
	"context"
	"errors"
	"fmt"

	"keymend/cmd/keymend/internal/offline"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/apply/table"
	"keymend/pkg/arn"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/remediation"
	"keymend/pkg/whatif"
)

// offlineFlags have check read files in AWS's place.
type offlineFlags struct {
	Offline []string          `help:"Read these files in AWS's place, and of a folder each .json: policies, templates, and what else AWS's CLI answers. No account is asked." placeholder:"FILE,..." group:"offline"`
	Account string            `help:"With --offline: the account that the files are about, where no ARN in them says so." placeholder:"ID" group:"offline"`
	KeyOf   map[string]string `name:"key-of" help:"With --offline: the key of a file with a policy or grants that doesn't name it. Repeat it for several." placeholder:"FILE=KEY" group:"offline"`
	Role    string            `help:"With --offline: the service-linked role as which a template without a group is launched; the default one where it isn't given." placeholder:"ROLE" group:"offline"`
	Strict  bool              `help:"With --offline: take for unknown what no file is about, instead of leaving it out." group:"offline"`
}

// checkFiles says of each group and template in the files whether it would launch.
func (p *program) checkFiles(ctx context.Context, c offlineFlags, groups []string, byDefault *bool, defaultKey string) error {
	w, err := offline.Load(c.Offline, offline.Options{
		Account: c.Account, Region: p.flags.Region, KeyOf: c.KeyOf, Role: c.Role, ByDefault: byDefault, DefaultKey: defaultKey, Strict: c.Strict,
	})
	if err != nil {
		return p.unusable(err)
	}
	config, err := p.settings()
	if err != nil {
		return err
	}
	config.Partition = w.Partition
	l := remediation.Looker{Settings: config, Kinds: table.Kinds(), Plan: plan.All, Person: access.Principal{ARN: arn.Root(w.Partition, w.Account)}}
	page, states := p.page(), map[whatif.State]int{}
	if !p.json() {
		page.Parts("by the files", w.Account, w.Region)
	}
	err = w.Check(ctx, l, groups, func(v offline.Verdict) error {
		states[v.After]++
		p.code = worse(p.code, v.Code())
		if p.json() {
			return p.object(v.JSON(w.Account, w.Region))
		}
		v.Show(page)
		return nil
	})
	if err != nil || p.json() {
		return errors.Join(err, page.Flush())
	}
	page.Blank()
	page.Row(screen.Doubt, "note", w.Notes()...)
	page.Sentence(screen.Plain, offline.Sum(states)+".")
	return page.Flush()
}

// unusable is wrong usage: for people a line for each file, then the sum.
func (p *program) unusable(err error) error {
	files, ok := errors.AsType[*offline.FilesError](err)
	if !ok || p.json() || len(files.Problems) == 1 {
		return misused("%w", err)
	}
	for _, one := range files.Problems {
		if _, err := fmt.Fprintln(p.Err, quote.Line(one.String())); err != nil {
			return fmt.Errorf("say what is wrong with the files: %w", err)
		}
	}
	return misused("%w", manyFiles{files})
}

// manyFiles says of files how many things are wrong with them, where each was said.
type manyFiles struct{ *offline.FilesError }

func (e manyFiles) Error() string {
	return screen.Count(len(e.Problems), "problem") + " with the files: nothing was checked"
}
