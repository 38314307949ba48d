package offline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/arn"
	"keymend/pkg/guard"
	"keymend/pkg/history"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/observe"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
)

// A World is what the files say, as remediation.Readers reads it. It doesn't change.
type World struct {
	Account, Region string
	facts           *facts
	Partition       string
	strict          bool
	templates       map[string][]ec2types.LaunchTemplateVersion // by id and name
}

var (
	_ remediation.Readers = (*World)(nil)
	_ apply.Reader        = view{}
)

// Groups names the groups, and for each template that none of them launches from "a group
// with" it. Those that are being deleted launch nothing.
func (w *World) Groups() []string {
	var out []string
	for _, g := range w.facts.groups.list() {
		if value(g.Status) == "" {
			out = append(out, *g.AutoScalingGroupName)
		}
	}
	return out
}

// Notes says what a file has that doesn't count here, or doesn't have whole.
func (w *World) Notes() []string { return slices.Clone(w.facts.notes) }

// View implements remediation.Readers.
func (w *World) View(_ context.Context, accountID, region string) (apply.Reader, error) {
	if accountID != w.Account || region != w.Region {
		return nil, account.NewFinal(fmt.Sprintf("the files are about %s in %s, not about %s in %s", w.Account, w.Region, accountID, region))
	}
	return view{w, observe.New(groups{w}, storage{w}, storage{w}).Remembering(), w.keys(w.Account).Remembering()}, nil
}

func (w *World) keys(owner string) *keystate.Reader {
	return keystate.New(owner, w.Region, keys{w}, keys{w}, roles{w})
}

// Switch implements remediation.Readers: nobody writes.
func (*World) Switch(context.Context) (guard.Switch, string, error) {
	return guard.SwitchNone, "files have none", nil
}

// Logged implements remediation.Readers: nothing was.
func (*World) Logged(context.Context, string, time.Time, time.Time) ([]record.Record, error) {
	return nil, nil
}

// Fleet implements remediation.Readers.
func (w *World) Fleet(ctx context.Context, accountID, region string) (remediation.Fleet, error) {
	if _, err := w.View(ctx, accountID, region); err != nil {
		return nil, err
	}
	return fleet{observe.New(groups{w}, storage{w}, storage{w}).Fleet(keys{w}, accountID, region)}, nil
}

// A fleet has no log.
type fleet struct{ observe.Fleet }

// Told implements remediation.Fleet.
func (fleet) Told(context.Context, time.Time, time.Time, func(history.Entry)) error { return nil }

// A view reads the account and Region of the files.
type view struct {
	*World
	launches *observe.Resolver
	own      *keystate.Reader
}

// Launch implements apply.Reader.
func (v view) Launch(ctx context.Context, group string) (launch.Launch, error) {
	l, err := v.launches.Resolve(ctx, v.Account, v.Region, group)
	if err != nil || !v.strict {
		return l, err
	}
	for _, p := range l.Principals() {
		if !v.hasRole(p.ARN) {
			l.Unknown = append(l.Unknown, "whether "+arn.Last(p.ARN)+" exists isn't told")
		}
	}
	return l, nil
}

// Supposing returns a view of the same files under other EBS settings.
func (v view) Supposing(settings func(encryption.Defaults) encryption.Defaults) apply.Reader {
	v.launches = v.launches.Supposing(settings)
	return v
}

// Storage implements apply.Reader.
func (v view) Storage() *observe.Storage { return v.launches.Storage() }

// Key implements apply.Keys. A key of another account is read there, where a file has its
// policy or its state.
func (v view) Key(ctx context.Context, id, principalARN string) (keystate.State, error) {
	key := v.arnOf(id)
	if owner := arn.Account(key); owner != v.Account && (v.facts.policies.has(key) || v.facts.keys.has(key)) {
		return v.keys(owner).Read(ctx, id, principalARN)
	}
	return v.own.Read(ctx, id, principalARN)
}

// Policy implements apply.Keys.
func (v view) Policy(_ context.Context, key string) (string, error) {
	if text, known := v.facts.policies.all[v.arnOf(key)]; known {
		return text, nil
	}
	return "", account.NewUntold("no file has the policy of " + key)
}

// Grant implements apply.Keys.
func (v view) Grant(ctx context.Context, key, id string) (access.Grant, error) {
	return v.own.Grant(ctx, v.arnOf(key), id)
}

// assumed is the id of a role of which no file says that it exists. Where KMS shows an id
// in the place of a role, it isn't this one's: it shows the ARN of a role that exists.
const assumed = "AROANOTINTHEFILES000"

// Role implements apply.Keys. A role that no file has is taken to exist, and that is said;
// but Keymend's own, of which nobody says that Keymend is deployed.
func (v view) Role(ctx context.Context, roleARN string) (access.Principal, error) {
	if v.facts.roles.has(arn.Last(roleARN)) {
		return v.own.Role(ctx, roleARN)
	}
	if strings.HasPrefix(arn.Last(roleARN), "keymend-") {
		return access.Principal{ARN: roleARN}, nil
	}
	return access.Principal{ARN: roleARN, ID: assumed}, nil
}
