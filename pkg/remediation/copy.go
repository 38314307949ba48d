package remediation

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/arn"
	"keymend/pkg/copier"
	"keymend/pkg/keystate"
	"keymend/pkg/owncopy/pipeline"
	"keymend/pkg/plan"
)

// copies looks at what there is to do without another account's key; nil where
// the settings don't ask for that, or the key isn't another account's.
func (e *Engine) copies(ctx context.Context, l *look, f plan.Finding) (*pipeline.Case, error) {
	if e.Settings.ForeignKey != "copy" || f.OwnKey() || e.Copies == nil || f.Decision() == access.Allowed {
		return nil, nil //nolint:nilnil // nothing was looked at, and that is no error
	}
	c := &pipeline.Case{Account: f.Account, Region: f.Region, Group: f.Group, Key: f.Facts.Key.ARN, MoveDefault: e.Settings.MoveDefault}
	var err error
	if c.CopyKey, c.CopyKeyProblem, err = e.copyKey(ctx, l, f); err != nil || c.CopyKeyProblem != "" {
		return c, err
	}
	reader, err := e.Copies(ctx, f.Account, f.Region)
	if err != nil {
		return nil, err
	}
	c.Ways, err = reader.Read(ctx, copier.Question{
		Ways: l.launch.Ways, CopyKey: c.CopyKey.ARN, Means: func(written string) bool { return l.means[written] == f.Facts.Key.ARN },
	})
	if err != nil {
		return nil, err
	}
	return c, e.consents(ctx, l, f, c)
}

// copyKey reads the settings' key, and says why it can't be taken.
func (e *Engine) copyKey(ctx context.Context, l *look, f plan.Finding) (pipeline.Key, string, error) {
	id := e.Settings.CopyKey
	switch a, ok := arn.Parse(id); {
	case ok && a.Region != f.Region:
		return pipeline.Key{ARN: id}, fmt.Sprintf("the copy key %s is in %s, the group in %s; EBS takes keys of its own Region only.", id, a.Region, f.Region), nil
	case ok && a.Account != f.Account:
		return pipeline.Key{ARN: id}, fmt.Sprintf("the copy key %s belongs to account %s, the group to account %s.", id, a.Account, f.Account), nil
	}
	state, err := l.view.Key(ctx, id, f.Principal.ARN)
	if errors.Is(err, keystate.ErrKeyNotFound) {
		return pipeline.Key{ARN: id}, fmt.Sprintf("there is no copy key %s in account %s and %s: %v.", id, f.Account, f.Region, err), nil
	}
	if err != nil {
		return pipeline.Key{}, "", err
	}
	return keyOf(state), e.unfit(f, state), nil
}

func keyOf(s keystate.State) pipeline.Key {
	return pipeline.Key{ARN: s.Facts.Key.ARN, Managed: s.Facts.Key.Manager == "AWS", Tags: s.Tags, Unreadable: s.TagsUnreadable}
}

// unfit says why nothing can lie under a key of the group's account.
func (e *Engine) unfit(f plan.Finding, s keystate.State) string {
	k := s.Facts.Key
	lacks := f.MayCopy(e.options(f, ""), s.Facts, "CreateGrant", "DescribeKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptTo")
	switch {
	case k.Manager == "AWS":
		return fmt.Sprintf("the copy key %s is managed by AWS; nobody can open it to anyone.", k.ARN)
	case k.State != "Enabled":
		return fmt.Sprintf("the copy key %s is %s.", k.ARN, strings.TrimSpace(k.State+" "))
	case k.Spec != "" && k.Spec != "SYMMETRIC_DEFAULT" || k.Usage != "" && k.Usage != "ENCRYPT_DECRYPT":
		return fmt.Sprintf("the copy key %s is a %s key for %s; EBS takes symmetric encryption keys only.", k.ARN, k.Spec, k.Usage)
	case lacks != "":
		return fmt.Sprintf("the policy of the copy key %s doesn't leave it to IAM policies who uses it: %s", k.ARN, lacks)
	}
	return ""
}

// consents adds what the owners of all keys say that the data lies under.
func (e *Engine) consents(ctx context.Context, l *look, f plan.Finding, c *pipeline.Case) error {
	c.Keys = []pipeline.Key{{ARN: f.Facts.Key.ARN, Managed: f.Facts.Key.Manager == "AWS", Tags: f.Tags, Unreadable: f.TagsUnreadable}}
	known := map[string]bool{f.Facts.Key.ARN: true}
	for _, w := range c.Ways {
		for _, s := range w.Sources {
			for _, arn := range s.Keys {
				if known[arn] {
					continue
				}
				known[arn] = true
				k, err := e.consent(ctx, l, f, arn)
				if err != nil {
					return err
				}
				c.Keys = append(c.Keys, k)
			}
		}
	}
	return nil
}

// consent: a key that can't be read has an owner whose word isn't known.
func (e *Engine) consent(ctx context.Context, l *look, f plan.Finding, arn string) (pipeline.Key, error) {
	state, err := l.view.Key(ctx, arn, f.Principal.ARN)
	switch {
	case err == nil:
		k := keyOf(state)
		k.ARN = arn
		return k, nil
	case errors.Is(err, keystate.ErrKeyNotFound), account.AccessDenied(err), account.Final(err):
		return pipeline.Key{ARN: arn, Unreadable: err.Error()}, nil
	}
	return pipeline.Key{}, fmt.Errorf("read key %s: %w", arn, err)
}
