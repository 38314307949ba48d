package launch

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/account"
	"keymend/pkg/launch/encryption"
)

// ErrNotListed says that the settings don't let Keymend read in an account.
var ErrNotListed = errors.New("the setting accounts doesn't name it")

// An Elsewhere is what tells the key of a snapshot that the group's own account
// can't see: sharing an image doesn't share its snapshots, and only they name the
// key. Every member may be missing.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html
type Elsewhere struct {
	// Images reads in another account, in the group's Region; ErrNotListed for one
	// that no operator listed. What an account says about its snapshots decides
	// which key is opened, so no other is asked.
	Images  func(ctx context.Context, account string) (Images, error)
	Denials Denials
	Grants  Grants
	// Granter is the ARN of the role that may retire Keymend's grants; "" = none.
	Granter string
}

// Denials finds what a role was refused: CloudTrail.
type Denials interface {
	LookupEvents(context.Context, *cloudtrail.LookupEventsInput, ...func(*cloudtrail.Options)) (*cloudtrail.LookupEventsOutput, error)
}

// Grants finds the grants that a role may retire, on keys of any account: KMS.
type Grants interface {
	ListRetirableGrants(context.Context, *kms.ListRetirableGrantsInput, ...func(*kms.Options)) (*kms.ListRetirableGrantsOutput, error)
}

var (
	_ Denials = (*cloudtrail.Client)(nil)
	_ Grants  = (*kms.Client)(nil)
)

// Seeing returns a resolver that looks elsewhere, too, for the keys of snapshots
// that its own account can't see. Nothing more is called while there is none.
func (r *Resolver) Seeing(e Elsewhere) *Resolver {
	c := *r
	c.elsewhere = e
	return &c
}

// An asked account is one that owns images whose snapshots can't be seen here,
// and what came of asking it.
type asked struct {
	snapshots []string
	says      string // why it didn't answer; "" = it did
}

// askOwners adds to the snapshots those that their owners' accounts show, and
// says of each owner what came of it.
func (r *Resolver) askOwners(ctx context.Context, all []*source, snapshots map[string]encryption.Snapshot) (map[string]*asked, error) {
	owners := map[string]*asked{}
	for _, s := range all {
		for _, d := range s.devices {
			if _, seen := snapshots[d.SnapshotID]; seen || !s.hides(d) {
				continue
			}
			if owners[s.imageOwner] == nil {
				owners[s.imageOwner] = &asked{}
			}
			owners[s.imageOwner].snapshots = append(owners[s.imageOwner].snapshots, d.SnapshotID)
		}
	}
	answers := make([]map[string]encryption.Snapshot, 0, len(owners))
	var tasks []func() error
	for owner, a := range owners {
		i := len(answers)
		answers = append(answers, nil)
		tasks = append(tasks, func() (err error) { answers[i], err = r.askOwner(ctx, owner, a); return err })
	}
	if err := together(tasks...); err != nil {
		return nil, err
	}
	for _, found := range answers {
		for id, s := range found {
			snapshots[id] = s
		}
	}
	return owners, nil
}

// hides: the source's image has the snapshot, and it is or may be encrypted.
func (s *source) hides(d encryption.Device) bool {
	return s.refused == "" && s.imageOwner != "" && d.SnapshotID != "" && !d.Named && (d.SnapshotEncrypted == nil || *d.SnapshotEncrypted)
}

// askOwner: that the role there can't be assumed, or may not read, isn't an
// error: then the key is looked for in other ways.
func (r *Resolver) askOwner(ctx context.Context, owner string, a *asked) (map[string]encryption.Snapshot, error) {
	var found map[string]encryption.Snapshot
	images, err := r.elsewhere.reader(ctx, owner)
	if err == nil {
		found, err = snapshotsOf(ctx, images, a.snapshots)
	}
	switch {
	case account.Transient(err):
		return nil, fmt.Errorf("read snapshots in account %s: %w", owner, err)
	case errors.Is(err, ErrNotListed):
		a.says = "account " + owner + " can't be read from here: " + ErrNotListed.Error()
	case err != nil:
		a.says = "account " + owner + " couldn't be asked: " + account.Message(err)
	case len(found) == 0:
		a.says = "account " + owner + " has no such snapshot"
	}
	return found, nil
}

func (e Elsewhere) reader(ctx context.Context, owner string) (Images, error) {
	if e.Images == nil {
		return nil, ErrNotListed
	}
	return e.Images(ctx, owner)
}
