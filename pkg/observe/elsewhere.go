package observe

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/account"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/together"
)

// ErrNotListed says that the settings don't let Keymend read in an account.
var ErrNotListed = errors.New("the setting accounts doesn't name it")

// An Elsewhere is what tells the key of a snapshot that the group's own account
// can't see: sharing an image doesn't share its snapshots, and only they name the
// key. Every member may be missing.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html
type Elsewhere struct {
	// Images reads in another account, in the group's Region; ErrNotListed for one
	// that no operator listed. The account's answer decides which key is opened, so
	// no other is asked.
	Images  func(ctx context.Context, account string) (Images, error)
	Denials cloudtrail.LookupEventsAPIClient // what a role was refused; nil = not asked
	Grants  kms.ListRetirableGrantsAPIClient // of keys of any account; nil = not asked
	// Granter is the ARN of the role that may retire Keymend's grants; "" = none.
	Granter string
}

// Seeing returns a resolver that looks elsewhere, too, for the keys of snapshots
// that its own account can't see. Nothing more is called while there is none.
func (r *Resolver) Seeing(e Elsewhere) *Resolver {
	c := *r
	c.elsewhere = e
	return &c
}

// An answer is what came of asking the account that owns images for snapshots
// that can't be seen here.
type answer struct {
	found map[string]encryption.Snapshot
	says  string // why it didn't answer; "" = it did
}

// askOwners adds to the snapshots those that their owners' accounts show, and
// says of each owner why it doesn't; "" = it does.
func (r *Resolver) askOwners(ctx context.Context, all []*launch.Source, snapshots map[string]encryption.Snapshot) (map[string]string, error) {
	hidden := map[string][]string{} // by the owner
	for _, s := range all {
		for _, d := range s.Devices {
			if _, seen := snapshots[d.SnapshotID]; !seen && s.Hides(d) {
				hidden[s.Image.Owner] = append(hidden[s.Image.Owner], d.SnapshotID)
			}
		}
	}
	owners := slices.Sorted(maps.Keys(hidden))
	answers, err := together.Each(owners, func(owner string) (answer, error) { return r.askOwner(ctx, owner, hidden[owner]) })
	if err != nil {
		return nil, err
	}
	says := map[string]string{}
	for i, a := range answers {
		says[owners[i]] = a.says
		maps.Copy(snapshots, a.found)
	}
	return says, nil
}

// askOwner: that the role there can't be assumed, or may not read, isn't an
// error: then the key is looked for in other ways.
func (r *Resolver) askOwner(ctx context.Context, owner string, ids []string) (answer, error) {
	var (
		a      answer
		images Images
		err    = ErrNotListed
	)
	if r.elsewhere.Images != nil {
		images, err = r.elsewhere.Images(ctx, owner)
	}
	if err == nil {
		a.found, err = snapshotsByID(ctx, images, ids)
	}
	switch {
	case account.Transient(err):
		return answer{}, fmt.Errorf("read snapshots in account %s: %w", owner, err)
	case errors.Is(err, ErrNotListed):
		a.says = "account " + owner + " can't be read from here: " + ErrNotListed.Error()
	case err != nil:
		a.says = "account " + owner + " couldn't be asked: " + account.Message(err)
	case len(a.found) == 0:
		a.says = "account " + owner + " has no such snapshot"
	}
	return a, nil
}
