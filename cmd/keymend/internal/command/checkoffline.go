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
)

// offlineFlags have check read files in AWS's place.
type offlineFlags struct {
	Offline []string          `help:"Read these files in AWS's place, and of a folder each .json: policies, templates, and what else AWS's CLI answers. No account is asked." placeholder:"FILE" group:"offline"`
	Account string            `help:"With --offline: the account that the files are about, where no ARN in them says so." placeholder:"ID" group:"offline"`
	KeyOf   map[string]string `name:"key-of" help:"With --offline: the key of a file with a policy or grants that doesn't name it. Repeat it for several." placeholder:"FILE=KEY" group:"offline"`
	Role    string            `help:"With --offline: the service-linked role as which a template without a group is launched; the default one where it isn't given." placeholder:"ROLE" group:"offline"`
	Strict  bool              `help:"With --offline: take for unknown what no file is about, instead of leaving it out." group:"offline"`
}

// files says of each group and template in the files whether it would launch.
func (c checkCmd) files(ctx context.Context, p *program) error {
	if c.Key != "" || c.Policy != "" || len(c.RevokeGrant)+len(c.DeleteRole)+len(c.RecreateRole) > 0 {
		return misused("--offline checks what the files say: change the files, and leave --key, --policy, --revoke-grant, --delete-role and --recreate-role out")
	}
	o := offline.Options{Account: c.Account, Region: p.flags.Region, KeyOf: c.KeyOf, Role: c.Role, DefaultKey: c.DefaultKey, Strict: c.Strict}
	if c.DefaultEncryption != "" {
		o.ByDefault = new(c.DefaultEncryption == "on")
	}
	w, err := offline.Load(c.Offline, o)
	if err != nil {
		return p.unusable(err)
	}
	l := p.offlineLooker(w)
	page := p.page()
	if !p.json() {
		page.Parts("by the files", w.Account, w.Region)
	}
	sum := offline.Sum{Notes: w.Notes()}
	err = w.Check(ctx, l, c.Group, func(v offline.Verdict) error {
		like := sum.Add(v)
		if p.json() {
			return p.object(v.JSON(w.Account, w.Region))
		}
		v.Show(page, like)
		return nil
	})
	if err != nil {
		return p.unusable(err)
	}
	if sum.Problems, err = w.Policies(ctx); err != nil {
		return err
	}
	p.code = sum.Code()
	if p.json() {
		return p.object(sum.Total(w))
	}
	sum.Show(page)
	return page.Flush()
}

// offlineLooker looks for somebody who may do everything in the files' account: whoever has
// the files changes them.
func (p *program) offlineLooker(w *offline.World) remediation.Looker {
	config := p.config
	config.Partition = w.Partition
	return remediation.Looker{Settings: config, Kinds: table.Kinds(), Plan: plan.All, Person: access.Principal{ARN: arn.Root(w.Partition, w.Account)}}
}

// unusable is wrong usage: for people a line for each file, then the sum.
func (p *program) unusable(err error) error {
	files, ok := errors.AsType[*offline.FilesError](err)
	switch {
	case !ok:
		return err
	case p.json() || len(files.Problems) == 1:
		return misused("%w", err)
	}
	for _, one := range files.Problems {
		if _, err := fmt.Fprintln(p.Err, quote.Line(one.String())); err != nil {
			return fmt.Errorf("say what is wrong with the files: %w", err)
		}
	}
	return misused("%w", manyFilesError{files})
}

// manyFilesError says of files how many things are wrong with them, where each was said.
type manyFilesError struct{ *offline.FilesError }

func (e manyFilesError) Error() string {
	return screen.Count(len(e.Problems), "problem") + " with the files: nothing was checked"
}
