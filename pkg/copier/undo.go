package copier

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/apply"
	"keymend/pkg/owncopy"
)

// ErrNoLatest says that a template's $Latest isn't another version yet, or never.
var ErrNoLatest = errors.New("its $Latest is no other version yet")

// DeleteVersion deletes the version that a remediation made, if it is neither the
// default one nor one that a group names by its number. Groups on $Latest launch
// from the version before it again.
//
// Errors are ErrInUse, ErrNoLatest, EC2's refusal and the SDK's, wrapped.
func (w Work) DeleteVersion(ctx context.Context, s owncopy.DeleteTemplateVersion) (apply.Done, error) {
	version, err := w.deletable(ctx, s, 0)
	if err != nil || version == 0 {
		return apply.Done{}, err
	}
	writer, err := w.Open(ctx, "ec2:DeleteLaunchTemplateVersions", s.Template)
	if err != nil {
		return apply.Done{}, err
	}
	out, err := writer.DeleteLaunchTemplateVersions(ctx, &ec2.DeleteLaunchTemplateVersionsInput{
		LaunchTemplateId: &s.Template, Versions: []string{strconv.FormatInt(version, 10)},
	})
	if err == nil {
		err = refusal(out)
	}
	if err != nil {
		return apply.Done{}, fmt.Errorf("delete version %d of %s: %w", version, s.Template, err)
	}
	return apply.Done{Changed: true}, w.resolves(ctx, s.Template, version)
}

// deletable returns the number of the version that is meant; 0 = it is gone. What
// would be the template's default by then counts, where that is known (not 0).
func (w Work) deletable(ctx context.Context, s owncopy.DeleteTemplateVersion, standard int64) (int64, error) {
	head, err := w.head(ctx, s.Template)
	if gone(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if standard != 0 {
		head.DefaultVersionNumber = &standard
	}
	later, err := w.later(ctx, s.Template, s.From)
	if err != nil {
		return 0, err
	}
	for _, v := range later {
		if v.Description == s.Description() {
			return v.Number, w.unnamed(ctx, head, v.Number)
		}
	}
	return 0, nil
}

// unnamed is ErrInUse where a version is the default one, or a group names it.
func (w Work) unnamed(ctx context.Context, head ec2types.LaunchTemplate, version int64) error {
	if value(head.DefaultVersionNumber) == version {
		return fmt.Errorf("version %d of %s is its default: %w", version, *head.LaunchTemplateId, ErrInUse)
	}
	groups, err := w.on(ctx, head, strconv.FormatInt(version, 10))
	if err == nil && len(groups) > 0 {
		err = fmt.Errorf("version %d of %s is named by group %s: %w", version, *head.LaunchTemplateId, groups[0], ErrInUse)
	}
	return err
}

// refusal: EC2 refuses each version by itself, in an answer that is no error.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteLaunchTemplateVersions.html
func refusal(out *ec2.DeleteLaunchTemplateVersionsOutput) error {
	for _, item := range out.UnsuccessfullyDeletedLaunchTemplateVersions {
		if e := item.ResponseError; e != nil && e.Code != ec2types.LaunchTemplateErrorCodeLaunchTemplateVersionDoesNotExist {
			return fmt.Errorf("EC2 refused: %s: %s", e.Code, value(e.Message)) //nolint:err113 // EC2's own words
		}
	}
	return nil
}

// resolves waits a little until $Latest is another version than the deleted one.
// No page says which it then is; that groups on $Latest can launch is what counts.
func (w Work) resolves(ctx context.Context, template string, deleted int64) error {
	const looks, pause = 5, time.Second
	for range looks {
		latest, err := w.versions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &template, Versions: []string{"$Latest"}})
		if err == nil && len(latest) == 1 && value(latest[0].VersionNumber) != deleted {
			return nil
		}
		if err := w.Sleep(ctx, pause); err != nil {
			return err
		}
	}
	return fmt.Errorf("version %d of %s was deleted, and %w: see that groups on $Latest launch; a new version made of an earlier one is the latest again", deleted, template, ErrNoLatest)
}

// Preview says in words what undos would change, one after the other, without
// changing it; and of what is in use, that it stays.
func (r *Reader) Preview(ctx context.Context, undos apply.Undos) ([]string, error) {
	p := preview{Work: Work{Reader: r}, defaults: map[string]int64{}}
	var out []string
	for _, u := range undos {
		says, err := p.of(ctx, u)
		if errors.Is(err, ErrInUse) {
			says, err = []string{err.Error()}, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, says...)
	}
	return out, nil
}

// A preview knows what would be the default version by then, by template.
type preview struct {
	Work
	defaults map[string]int64
}

func (p preview) of(ctx context.Context, u apply.Undo) ([]string, error) {
	switch {
	case u.RemoveCopy != nil:
		return p.copy(ctx, *u.RemoveCopy)
	case u.DeleteVersion != nil:
		v, err := p.deletable(ctx, *u.DeleteVersion, p.defaults[u.DeleteVersion.Template])
		if err != nil || v == 0 {
			return nil, err
		}
		return []string{fmt.Sprintf("version %d of %s would be deleted; who follows $Latest gets the one before it", v, u.DeleteVersion.Template)}, nil
	case u.SetDefault != nil:
		head, err := p.head(ctx, u.SetDefault.Template)
		if err != nil || value(head.DefaultVersionNumber) != u.SetDefault.Before {
			return nil, err
		}
		p.defaults[u.SetDefault.Template] = u.SetDefault.Version
		return []string{fmt.Sprintf("the default version of %s would be %d again", u.SetDefault.Template, u.SetDefault.Version)}, nil
	}
	return nil, nil
}

func (p preview) copy(ctx context.Context, s owncopy.RemoveCopy) ([]string, error) {
	images, snapshots, err := p.removable(ctx, s)
	var out []string
	for _, id := range images {
		out = append(out, id+", a copy of "+s.Source+", would be deregistered")
	}
	for _, id := range snapshots {
		out = append(out, id+", of a copy of "+s.Source+", would be deleted")
	}
	return out, err
}
