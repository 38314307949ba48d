package template

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	_, version, err := meant(ctx, e, s)
	switch {
	case err != nil:
		return change.Result{}, apply.Unknown, err
	case version != 0:
		return change.Result{ID: number(version)}, apply.Absent, nil
	}
	return change.Result{}, apply.There, nil
}

// meant returns the template and the number of the version that is meant; 0 = it is
// gone.
func meant(ctx context.Context, e apply.Env, s template.DeleteVersion) (observe.Head, int64, error) {
	head, err := e.Storage().Head(ctx, s.Template)
	if observe.Gone(err) {
		return head, 0, nil
	}
	if err != nil {
		return head, 0, err
	}
	later, err := e.Storage().Later(ctx, s.Template, s.From)
	for _, v := range later {
		if v.Description == template.Description(s.From, s.Remediation) {
			return head, v.Number, nil
		}
	}
	return head, 0, err
}

// Do implements apply.Doer. The version is deleted if it is neither the default one
// nor one that a group names by its number. Groups on $Latest launch from the version
// before it again.
func (Delete) Do(ctx context.Context, e apply.Env, s template.DeleteVersion) (change.Result, error) {
	head, version, err := meant(ctx, e, s)
	if err != nil || version == 0 {
		return change.Result{}, err
	}
	if err := unnamed(ctx, e, head, version, head.Default); err != nil {
		return change.Result{}, err
	}
	session, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return change.Result{}, err
	}
	out, err := once.Write(ctx, session.EC2().DeleteLaunchTemplateVersions, &ec2.DeleteLaunchTemplateVersionsInput{
		LaunchTemplateId: &s.Template, Versions: []string{number(version)},
	})
	if err == nil {
		err = refusedIn(out)
	}
	if err != nil {
		return change.Result{}, fmt.Errorf("delete version %d of %s: %w", version, s.Template, err)
	}
	return change.Result{Changed: true, ID: number(version)}, resolves(ctx, e, s.Template, version)
}

// unnamed is ErrInUse where a version is the default one, or a group names it.
func unnamed(ctx context.Context, e apply.Env, head observe.Head, version, standard int64) error {
	if standard == version {
		return fmt.Errorf("version %d of %s is its default: %w", version, head.ID, apply.ErrInUse)
	}
	groups, err := e.Storage().On(ctx, head, number(version))
	if err == nil && len(groups) > 0 {
		err = fmt.Errorf("version %d of %s is named by group %s: %w", version, head.ID, groups[0], apply.ErrInUse)
	}
	return err
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

// resolves waits a little until $Latest is another version than the deleted one.
// No page says which it then is; that groups on $Latest can launch is what counts.
func resolves(ctx context.Context, e apply.Env, id string, deleted int64) error {
	const looks, pause = 5, time.Second
	for range looks {
		if latest, err := e.Storage().Latest(ctx, id); err == nil && latest != deleted {
			return nil
		}
		if err := e.Sleep(ctx, pause); err != nil {
			return err
		}
	}
	return fmt.Errorf("version %d of %s was deleted, and %w: see that groups on $Latest launch; a new version made of an earlier one is the latest again", deleted, id, errNoLatest)
}

// Preview implements apply.Previewer. An undo moves the default version back before
// it deletes one: e.Before says which version would be the default by then.
func (Delete) Preview(ctx context.Context, e apply.Env, s template.DeleteVersion) (apply.Preview, error) {
	head, version, err := meant(ctx, e, s)
	if err != nil || version == 0 {
		return apply.Preview{}, err
	}
	standard := head.Default
	if len(e.Before) > 0 && standard == version {
		standard = 0
	}
	if err := unnamed(ctx, e, head, version, standard); err != nil {
		return apply.Preview{}, err
	}
	return apply.Preview{Label: "COPY", Says: []string{
		fmt.Sprintf("version %d of %s would be deleted; who follows $Latest gets the one before it", version, s.Template),
	}}, nil
}
