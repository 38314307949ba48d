package remediation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/activity"
	"keymend/pkg/apply"
	"keymend/pkg/guard"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/plan"
	"keymend/pkg/signal"
	"keymend/pkg/together"
)

// A pass is one look at a group, from reading to verdicts. It doesn't change: what
// is learned later makes another one.
type pass struct {
	plan.Snapshot
	look      signal.Look
	view      apply.Reader
	readAt    time.Time // before the look's own invocation; zero = in it
	delivery  Delivery  // of the message that is carried out; zero = of none
	expected  *read     // the key that the message is about, which is read while the launch is; nil = of none
	approval  approval  // of what is carried out
	brake     guard.Switch
	brakeSays string
	members   map[string]guard.Brake // of the organization, by their account; none: there is no organization
	options   plan.Options
	past      past
	decisions []decision
	tries     int   // plans that somebody overtook, of what is carried out now
	untried   error // why KMS couldn't be asked what only KMS knows; nil = it could
}

func (p pass) place() place { return place{p.Account, p.Region} }

// begin starts a pass. Only account, Region and group are taken from the look.
func (l *Looker) begin(look signal.Look) pass {
	p := pass{look: look, options: l.options(look.Account)}
	p.Failing = look.HasFailed()
	p.Account, p.Region, p.Group, p.Means = look.Account, look.Region, look.Group, map[string]string{}
	return p
}

func (l *Looker) observed(ctx context.Context, p pass) (pass, error) {
	if err := l.read(ctx, &p); err != nil {
		return p, fmt.Errorf("look at %s: %w", p.Group, err)
	}
	return l.decideByPast(ctx, p)
}

// read reads the launch, then keys, roles and the switch side by side, then what
// only some groups need.
func (l *Looker) read(ctx context.Context, p *pass) error {
	var err error
	if p.view, err = l.AWS.View(ctx, p.Account, p.Region); err != nil {
		return err
	}
	if err = l.readLaunch(ctx, p); err != nil {
		return err
	}
	if p.Launch.Deleting {
		return fmt.Errorf("it is being deleted: %w", launch.ErrGroupNotFound)
	}
	for _, key := range l.Told {
		if !p.Launch.Told(key) {
			return fmt.Errorf("take %s for the key of a snapshot: %w", key, ErrNothingHidden)
		}
	}
	p.Unseen = slices.Clone(p.Launch.Unknown)
	if len(p.Launch.Keys) == 0 {
		return nil
	}
	reads := p.reads()
	tasks := []func() error{func() (err error) {
		if p.brake, p.brakeSays, err = l.AWS.Switch(ctx); err != nil {
			return fmt.Errorf("read switch: %w", err)
		}
		return nil
	}}
	tasks = append(tasks, func() error { return l.readMakers(ctx, p) }, func() error { return l.readMembers(ctx, p) })
	roles := make([]access.Principal, len(p.Launch.Principals()))
	for i, principal := range p.Launch.Principals() {
		tasks = append(tasks, func() (err error) { roles[i], err = p.view.Role(ctx, principal.ARN); return err })
	}
	for i := range reads {
		if !reads[i].known(p.expected) {
			tasks = append(tasks, func() error { return reads[i].from(ctx, p.view) })
		}
	}
	if err := together.Do(tasks...); err != nil {
		return err
	}
	l.planByWaves(p)
	p.find(reads, roles)
	for _, more := range []func(context.Context, *pass) error{l.readFailedSince, l.readDedicated, l.readStopped, l.readCopies} {
		if err := more(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// find makes findings of what was read. Two ways of writing a key down (alias and
// ARN, say) are one key.
func (p *pass) find(reads []read, roles []access.Principal) {
	uses := map[int][]encryption.Use{} // by the finding
	for _, r := range reads {
		f := p.finding(r, roles[r.role])
		p.Means[r.key.ID] = f.Facts.Key.ARN
		at := slices.IndexFunc(p.Findings, func(o plan.Finding) bool {
			return o.Facts.Key.ARN == f.Facts.Key.ARN && o.Principal.ARN == f.Principal.ARN
		})
		if at < 0 {
			uses[len(p.Findings)] = slices.Clone(r.key.Uses)
			p.Findings = append(p.Findings, f)
			continue
		}
		o := &p.Findings[at]
		o.Because = append(o.Because, f.Because...)
		o.Operations = slices.Compact(slices.Sorted(slices.Values(append(o.Operations, f.Operations...))))
		uses[at] = append(uses[at], r.key.Uses...)
		if ops := p.Launch.Operations(uses[at]); ops != nil {
			o.Operations = ops
		}
	}
	for i := range p.Findings {
		p.Findings[i] = p.options.Known.Evaluate(p.Findings[i])
	}
}

func (p *pass) finding(r read, principal access.Principal) plan.Finding {
	f := p.About(principal)
	f.Cause, f.KeyID, f.Alias, f.Because = activity.Classify(p.look.Text).Cause, r.key.ID, r.state.Alias, because(r.key)
	f.KeptOut = r.state.KeptOut
	f.Operations, f.Facts, f.Tags, f.TagsUnreadable = slices.Clone(r.key.Operations), r.state.Facts, r.state.Tags, r.state.TagsUnreadable
	if r.notFound != "" {
		f.Facts.Key.ARN, f.KeyNotFound = r.key.ID, r.notFound
	}
	if r.role > 0 {
		f.Because = append(f.Because, p.Launch.Also[r.role-1].Because)
	}
	return f
}

func because(key launch.Key) []string {
	var out []string
	for _, use := range key.Uses {
		out = append(out, use.Because)
	}
	return out
}

// readDedicated reads the role that the settings have such groups launch as, and
// how the keys stand for it. A role that is missing has no grants, and none are asked
// for: how KMS answers that isn't documented.
func (l *Looker) readDedicated(ctx context.Context, p *pass) error {
	to := p.DedicatedARN(l.Settings.Dedicated)
	if p.Launch.ManagedBy != "" || !p.Wanted(p.options) {
		return nil
	}
	role, err := p.view.Role(ctx, to)
	if account.AccessDenied(err) {
		// Of a role that isn't there IAM knows no path, and a permission for roles
		// under a path doesn't reach it. If it is there after all, making it says so.
		role, err = access.Principal{ARN: to}, nil
	}
	if err != nil {
		return fmt.Errorf("read role %s: %w", to, err)
	}
	p.Dedicated, p.Turned = role, p.Own()
	tasks := make([]func() error, len(p.Turned))
	for i := range p.Turned {
		tasks[i] = func() (err error) { p.Turned[i], err = turned(ctx, p.view, p.Turned[i], role); return err }
	}
	return together.Do(tasks...)
}

// turned makes a finding one about another role.
func turned(ctx context.Context, view apply.Reader, f plan.Finding, role access.Principal) (plan.Finding, error) {
	f.Principal = role
	switch {
	case f.KeyNotFound != "":
	case role.ID == "":
		f.Facts.Grants, f.Facts.GrantsUnreadable = nil, ""
	default:
		state, err := view.Key(ctx, f.Facts.Key.ARN, role.ARN)
		if err != nil {
			return f, fmt.Errorf("read key %s: %w", f.Facts.Key.ARN, err)
		}
		f.Facts = state.Facts
	}
	return f.Evaluate(), nil
}

// observe reads, plans and asks the guard. A read of another invocation counts if it was
// after the event that the look is about, or if its plans were all sent by then; the record
// says when it was. Else everything is read again.
func (l *Looker) observe(ctx context.Context, look signal.Look) (pass, error) {
	g, many := l.AWS.(*gathering)
	if p, ok := g.lookedAhead(look); ok {
		return p, nil
	}
	p, err := l.observed(ctx, l.begin(look))
	if !many {
		return p, err
	}
	read, fits := g.readSince(look)
	if fits || err == nil && !g.about(look).IsZero() && g.sentBefore(p) {
		p.readAt = read
		return p, err
	}
	if err := g.readAgain(ctx, look); err != nil {
		return p, err
	}
	return l.observed(ctx, l.begin(look))
}
