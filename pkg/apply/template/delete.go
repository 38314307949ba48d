package template

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/change"
	"keymend/pkg/kind/template"
	"keymend/pkg/observe"
)

// errNoLatest says that a template's $Latest isn't another version yet, or never.
var errNoLatest = errors.New("its $Latest is no other version yet")

// Delete carries out template.DeleteVersion.
type Delete struct{}

// Stands implements apply.Doer.
func (Delete) Stands(ctx context.Context, e apply.Env, s template.DeleteVersion) (change.Result, apply.Standing, error) {
	_, versions, err := meant(ctx, e, s)
	switch {
	case err != nil:
		return change.Result{}, apply.Unknown, err
	case len(versions) > 0:
		return change.Result{ID: number(versions[0])}, apply.Absent, nil
	}
	return change.Result{}, apply.There, nil
}

// meant returns the template, and the numbers of the versions that are meant; none where
// they, or the template, are gone.
func meant(ctx context.Context, e apply.Env, s template.DeleteVersion) (observe.Head, []int64, error) {
	head, err := e.Storage().Head(ctx, s.Template)
	if observe.Gone(err) {
		return head, nil, nil
	}
	if err != nil {
		return head, nil, err
	}
	versions, err := described(ctx, e, s.Template, s.From, template.Description(s.From, s.Remediation))
	return head, versions, err
}

// described returns the numbers of the versions, made of version from, that have a
// description. A remediation may have made several, where the first didn't show in time.
func described(ctx context.Context, e apply.Env, id string, from int64, description string) ([]int64, error) {
	later, err := e.Storage().Later(ctx, id, from)
	var out []int64
	for _, v := range later {
		if v.Description == description {
			out = append(out, v.Number)
		}
	}
	return out, err
}

// Do implements apply.Doer. The version is deleted if it is neither the default one
// nor one that a group names by its number. Groups on $Latest launch from the version
// before it again.
func (Delete) Do(ctx context.Context, e apply.Env, s template.DeleteVersion) (change.Result, error) {
	head, versions, err := meant(ctx, e, s)
	if err == nil {
		err = unnamed(ctx, e, head, versions, head.Default)
	}
	if err != nil || len(versions) == 0 {
		return change.Result{}, err
	}
	var done change.Result
	for _, v := range versions {
		if err := deleteVersion(ctx, e, s, v); err != nil {
			return done, fmt.Errorf("delete version %d of %s: %w", v, s.Template, err)
		}
		done = change.Result{Changed: true, ID: number(v)}
	}
	return done, resolves(ctx, e, s.Template, versions)
}

func deleteVersion(ctx context.Context, e apply.Env, s template.DeleteVersion, version int64) error {
	session, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return err
	}
	out, err := once.Write(ctx, session.EC2().DeleteLaunchTemplateVersions, &ec2.DeleteLaunchTemplateVersionsInput{
		LaunchTemplateId: &s.Template, Versions: []string{number(version)},
	})
	if err != nil {
		return err
	}
	return refusedIn(out)
}

// unnamed is ErrInUse where a version is the default one, or a group names it.
func unnamed(ctx context.Context, e apply.Env, head observe.Head, versions []int64, standard int64) error {
	for _, v := range versions {
		if standard == v {
			return fmt.Errorf("version %d of %s is its default: %w", v, head.ID, apply.ErrInUse)
		}
		groups, err := e.Storage().On(ctx, head, number(v))
		if err != nil {
			return err
		}
		if len(groups) > 0 {
			return fmt.Errorf("version %d of %s is named by group %s: %w", v, head.ID, groups[0], apply.ErrInUse)
		}
	}
	return nil
}

// refusedIn: EC2 refuses each version by itself, in an answer that is no error.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteLaunchTemplateVersions.html
func refusedIn(out *ec2.DeleteLaunchTemplateVersionsOutput) error {
	for _, item := range out.UnsuccessfullyDeletedLaunchTemplateVersions {
		if e := item.ResponseError; e != nil && e.Code != types.LaunchTemplateErrorCodeLaunchTemplateVersionDoesNotExist {
			return fmt.Errorf("EC2 refused: %s: %s: %w", e.Code, aws.ToString(e.Message), refusal.Err)
		}
	}
	return nil
}

// resolves waits a little until $Latest is another version than the deleted ones.
// No page says which it then is; that groups on $Latest can launch is what counts.
func resolves(ctx context.Context, e apply.Env, id string, deleted []int64) error {
	const looks = 4
	return e.Again(ctx, looks, func(error) bool { return true }, func() error {
		if latest, err := e.Storage().Latest(ctx, id); err == nil && !slices.Contains(deleted, latest) {
			return nil
		}
		return fmt.Errorf("version %d of %s was deleted, and %w: see that groups on $Latest launch; a new version made of an earlier one is the latest again", deleted[len(deleted)-1], id, errNoLatest)
	})
}

// Preview implements apply.Previewer. An undo moves the default version back before
// it deletes one: e.Before says whether it was moved by then.
func (Delete) Preview(ctx context.Context, e apply.Env, s template.DeleteVersion) (apply.Preview, error) {
	head, versions, err := meant(ctx, e, s)
	standard := head.Default
	if len(e.Before) > 0 {
		standard = 0
	}
	if err == nil {
		err = unnamed(ctx, e, head, versions, standard)
	}
	if err != nil {
		return apply.Preview{}, err
	}
	out := apply.Preview{Label: "COPY"}
	for _, v := range versions {
		out.Says = append(out.Says, fmt.Sprintf("version %d of %s would be deleted; who follows $Latest gets the one before it", v, s.Template))
	}
	return out, nil
}
