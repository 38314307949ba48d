package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/cmd/keymend/internal/survey"
	"keymend/pkg/account"
	"keymend/pkg/permission"
	"keymend/pkg/together"
	"keymend/pkg/wiring"
	"keymend/pkg/wiring/listing"
)

// everywhere says which groups are looked at.
type everywhere struct {
	AllRegions   bool   `again:"" name:"all-regions" help:"In all Regions that the account has enabled, not only in --region."`
	Organization bool   `again:"" help:"In all accounts of the organization, which your credentials may list, not only in your own."`
	Role         string `again:"" help:"Role of that name in each other account, by which it is read, where --role-prefix names none." placeholder:"NAME"`
	Resume       string `help:"Go on from this file, which a scan that was interrupted left." type:"path" placeholder:"FILE"`
	settable
}

// An overview is a scan of several places.
type overview struct {
	everywhere
	*program
	words []string // keymend's, by which it was asked for
	s     session
	world wiring.AWS

	mu    sync.Mutex
	kept  *scan.Kept
	total scan.Total
}

// look looks at all groups. The caller takes the file of rows away, unless there is an
// error: then it says how to go on.
func (c everywhere) look(ctx context.Context, p *program, words ...string) (*overview, error) {
	s, err := p.login(ctx)
	if err != nil {
		return nil, err
	}
	v := &overview{everywhere: c, program: p, words: words, s: s.forMany()}
	defer p.busy("reading which accounts and Regions there are")()
	if err := v.open(ctx); err != nil {
		return nil, err
	}
	places, unread, err := v.places(ctx)
	if err != nil {
		return nil, err
	}
	if err := v.keep(places); err != nil {
		return nil, err
	}
	looked, err := v.over(ctx, places)
	if err != nil {
		return nil, v.stopped(err)
	}
	v.total = scan.Total{Schema: scan.TotalSchema, Places: append(looked, unread...), Version: p.Version}
	v.total.Groups, v.total.States = v.kept.Count()
	if unseen := v.total.Unseen(); len(unseen) == len(v.total.Places) && v.total.Groups == 0 {
		return nil, errors.Join(fmt.Errorf("look at %s: %w", unseen[0].Place, unseen[0].Why), v.kept.Remove())
	}
	return v, nil
}

// open finds the accounts to look at, and reaches AWS.
func (v *overview) open(ctx context.Context) error {
	config := v.config
	if config.Organization() {
		return misused("the word %s in the place of accounts is for the functions: give --organization", config.Accounts[0])
	}
	if v.Organization {
		var err error
		if config.Accounts, err = v.members(ctx); err != nil {
			return fmt.Errorf("list the organization's accounts, which takes credentials of its management account or of a delegated administrator: %w", err)
		}
	}
	if len(config.Accounts) > 0 && config.RolePrefix == "" && v.Role == "" {
		return misused("other accounts are to be looked at, and no role is named by which: give --role NAME, or --role-prefix keymend- where Keymend is deployed")
	}
	v.world = v.worldOf(v.s, config, v.Role)
	return nil
}

// members lists the accounts of the organization that work, but for the caller's own.
func (v *overview) members(ctx context.Context) ([]string, error) {
	var ids []string
	for next, more := "", true; more; more = next != "" {
		accounts, after, err := listing.Page(ctx, v.s.aws, next)
		if err != nil {
			return nil, err
		}
		for _, a := range accounts {
			if a.State == "ACTIVE" && a.ID != v.s.account {
				ids = append(ids, a.ID)
			}
		}
		next = after
	}
	return ids, nil
}

// places lists accounts and Regions, and those that can't be read.
func (v *overview) places(ctx context.Context) ([]scan.Place, []scan.Looked, error) {
	accounts := append([]string{v.s.account}, v.world.Settings.Accounts...)
	regions, errs := make([][]string, len(accounts)), make([]error, len(accounts))
	var tasks []func() error
	for i, id := range accounts {
		regions[i] = []string{v.s.aws.Region}
		if v.AllRegions {
			tasks = append(tasks, func() error { regions[i], errs[i] = v.enabled(ctx, id); return nil })
		}
	}
	_ = together.Do(tasks...) // each account has its own error
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	var places []scan.Place
	var unread []scan.Looked
	for i, id := range accounts {
		if errs[i] != nil {
			problem := "which Regions it has enabled couldn't be read: " + account.Message(errs[i])
			if regions[i] = regions[0]; len(regions[i]) > 0 {
				problem += "; those that account " + v.s.account + " has were looked at"
			}
			unread = append(unread, scan.Looked{Place: scan.Place{Account: id}, Problem: problem, Why: errs[i]})
		}
		for _, region := range regions[i] {
			places = append(places, scan.Place{Account: id, Region: region})
		}
	}
	return places, unread, nil
}

// enabled lists the Regions that an account has enabled.
func (v *overview) enabled(ctx context.Context, id string) ([]string, error) {
	cfg, err := v.world.Sessions.Config(ctx, id, v.s.aws.Region, permission.Reader, nil)
	if err != nil {
		return nil, err
	}
	names, err := survey.Regions(ctx, cfg)
	slices.Sort(names)
	return names, err
}

// keep opens the file of rows. The file names the places and the settings, so that no scan
// goes on from another's.
func (v *overview) keep(places []scan.Place) error {
	about, err := json.Marshal(map[string]any{"places": places, "settings": v.world.Settings.Digest(), "role": v.Role})
	if err != nil {
		return err
	}
	if v.Resume == "" {
		v.kept, err = scan.Keep("", string(about))
		return err
	}
	if v.kept, err = scan.Resume(v.Resume, string(about)); err != nil {
		return misused("--resume: %w: give the flags with which it began, or leave --resume out", err)
	}
	return nil
}

// over looks at all places side by side.
func (v *overview) over(ctx context.Context, places []scan.Place) ([]scan.Looked, error) {
	x := v.fixerOf(v.s, v.world, &auditLog{}, applying{})
	x.Log = scan.Unrecorded{}
	s := scan.Scan{
		Looker: x.Remembering().Since(time.Now()), Command: v.placed, Flags: v.given.settings, Now: time.Now, Says: func(text string) { v.progress.Says(text) },
		Known: func(p scan.Place, group string) bool { v.mu.Lock(); defer v.mu.Unlock(); return v.kept.Known(p, group) },
		Keep:  func(r scan.Row) error { v.mu.Lock(); defer v.mu.Unlock(); return v.kept.Add(r) },
	}
	return together.Each(places, func(p scan.Place) (scan.Looked, error) { return s.Over(ctx, p) })
}

// placed is where a person acts on a place's groups: with other credentials in another
// account.
func (v *overview) placed(p scan.Place) report.Place {
	at := v.s.place
	if at.Region = p.Region; p.Account != v.s.account {
		at.Account, at.Profile = p.Account, ""
	}
	return at
}

// stopped leaves the file of rows, and says how to go on from it.
func (v *overview) stopped(err error) error {
	all, _ := v.kept.Count()
	if all == 0 {
		return errors.Join(err, v.kept.Remove())
	}
	more := []string{"--resume=" + v.kept.Name()}
	if output := v.program.flags.Output; output != "text" {
		more = append(more, "--output="+output)
	}
	looked := fmt.Sprintf("%d groups were", all)
	if all == 1 {
		looked = "1 group was"
	}
	return errors.Join(&advice{err, looked + " looked at by then. Go on from there:", v.again(more...)}, v.kept.Close())
}

// again is the command that asks for the same, with more flags.
func (v *overview) again(more ...string) string {
	return v.s.place.Run(v.words[0], slices.Concat(v.words[1:], v.given.again(), more)...)
}
