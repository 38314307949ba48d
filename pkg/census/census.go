// Package census reads what stands in an organization's accounts: who is in which unit,
// what StackSets say, what each account really has, and what the hub has on record. It
// changes nothing. pkg/coverage judges what it reads.
package census

import (
	"cmp"

	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keymend/infra/cdkcontext"
	"keymend/pkg/account"
	"keymend/pkg/blueprint"
	"keymend/pkg/coverage"
	"keymend/pkg/permission"
	"keymend/pkg/together"
)

// day is how far back records and metrics are read.
const day = 24 * time.Hour

// A Census is of one organization.
type Census struct {
	Organization cdkcontext.Organization
	Expected     *coverage.Expected
	// Administrator are the credentials of the management account, or of a delegated
	// administrator, whose id is AdministratorID.
	Administrator   aws.Config
	AdministratorID string
	Auditor         aws.Config // a session of the hub's auditor
	Members         Members    // opens sessions of members' readers, from that
	Now             time.Time
	// Patience is how long an account may take, so that one which doesn't answer doesn't
	// hold up the others; 0 = two minutes.
	Patience time.Duration
}

// Members opens sessions in accounts; *account.Sessions does.
type Members interface {
	Config(ctx context.Context, account, region string, purpose permission.Role, narrow *account.SessionPolicy) (aws.Config, error)
}

// Rows reads the accounts, many side by side, and returns what stands in each Region, in
// the order of accounts and Regions. What can't be read is in its row. An error means
// that the run was interrupted.
func (s *Census) Rows(ctx context.Context, accounts []coverage.Account) ([]coverage.Row, error) {
	sets, heard := s.sets(ctx), s.heard(ctx)
	rows, err := together.Each(accounts, func(a coverage.Account) ([]coverage.Row, error) {
		return s.account(ctx, a, sets, heard), ctx.Err()
	})
	return slices.Concat(rows...), err
}

// account reads one account, its Regions side by side, since most are far away. What it
// reads of each is judged at once: much of that isn't kept.
func (s *Census) account(ctx context.Context, a coverage.Account, sets sets, heard hubs) []coverage.Row {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Patience, 2*time.Minute))
	defer cancel()
	m := &member{Census: s, account: a, trails: map[string]coverage.Trail{}}
	var roles coverage.Answer[map[string]blueprint.Role]
	if a.State == coverage.Active {
		roles = m.roles(ctx)
	}
	regions := s.Organization.Regions
	rows, _ := together.Each(regions, func(region string) (coverage.Row, error) { // what can't be read is in the row
		f := coverage.Facts{
			Account: a, Region: region, Members: roles,
			Roles: sets.of(a, "roles", regions[0]), Rules: sets.of(a, "regions", region), Heard: heard.of(a.ID, region),
		}
		if a.State == coverage.Active && roles.Problem == "" {
			m.region(ctx, &f)
		}
		return s.Expected.Row(f), nil
	})
	return rows
}

// Sample returns n of the accounts: others each day, the same within one.
func Sample(accounts []coverage.Account, n int, now time.Time) []coverage.Account {
	by := func(a coverage.Account) string {
		sum := sha256.Sum256([]byte(a.ID + now.UTC().Format(time.DateOnly)))
		return hex.EncodeToString(sum[:])
	}
	out := slices.SortedFunc(slices.Values(accounts), func(a, b coverage.Account) int { return strings.Compare(by(a), by(b)) })
	out = out[:min(n, len(out))]
	slices.SortFunc(out, func(a, b coverage.Account) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Answered is a value, or why it isn't known.
func Answered[T any](is T, err error) coverage.Answer[T] {
	if err == nil {
		return coverage.Answer[T]{Is: is}
	}
	text := account.Message(err)
	if code := account.Code(err); code != "" {
		text = code + ": " + text
	}
	if errors.Is(err, context.DeadlineExceeded) {
		text = "the account didn't answer in time"
	}
	return coverage.Answer[T]{Problem: text, Refused: account.AccessDenied(err)}
}

// set holds the instances of a StackSet, by account and Region.
type set struct {
	instances map[[2]string]coverage.Instance
	none      bool
	err       error
}

// sets are those of all waves, by name.
type sets map[string]set

func (s *Census) sets(ctx context.Context) sets {
	var names []string
	for _, w := range s.Organization.Waves {
		names = append(names, w.StackSet("roles"), w.StackSet("regions"))
	}
	all, _ := together.Each(names, func(name string) (set, error) { return s.instances(ctx, name), nil }) // each keeps its own error
	out := sets{}
	for i, name := range names {
		out[name] = all[i]
	}
	return out
}

func (s sets) of(a coverage.Account, what, region string) coverage.Answer[coverage.Instance] {
	one := s[cdkcontext.Wave{Name: a.Wave}.StackSet(what)]
	if one.err != nil {
		return Answered(coverage.Instance{}, fmt.Errorf("list stack instances: %w", one.err))
	}
	i := one.instances[[2]string{a.ID, region}]
	i.NoSet = one.none
	return coverage.Answer[coverage.Instance]{Is: i}
}
