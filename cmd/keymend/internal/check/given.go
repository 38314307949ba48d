package check

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
	"keymend/pkg/permission"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/slr"
	"keymend/pkg/whatif"
)

// ErrGiven says that a change, as it is given, is none that could be made here. The error
// that wraps it says why, and what to give.
var ErrGiven = errors.New("can't be changed so")

// Asked is a change as a person gives it. Keys are written as AWS takes them: id, ARN,
// alias/NAME, or an alias's ARN.
type Asked struct {
	ByDefault        *bool
	DefaultKey       string
	Key              string // of Policy, and of Grants where it is given
	Policy           *string
	From             string // where the policy was read, as in "policy.json"
	Grants           []string
	Deleted, Renewed []string // roles, by name or ARN
}

// A Given is a change as it was understood, and what is to be said of it.
type Given struct {
	Change   whatif.Change
	From     string   // where the policy was read that is put on a key
	Says     []string // a line for each part of the change
	Problems []Problem
}

// A Problem is something about the change itself.
type Problem struct {
	Refused bool         `json:"refused"` // AWS refuses that part of the change; else it takes it
	Text    string       `json:"text"`
	Do      []quote.Task `json:"do,omitempty"`
}

// Refused reports whether AWS refuses a part of the change.
func (g Given) Refused() bool {
	for _, p := range g.Problems {
		if p.Refused {
			return true
		}
	}
	return false
}

// A Place is where the change would be made, and by whom; without Caller that isn't known.
type Place struct {
	Partition, Account, Region string
	Caller                     access.Principal
}

// Understand looks up what a change names. Its error wraps ErrGiven, or is AWS's.
func Understand(ctx context.Context, see apply.Reader, at Place, asked Asked) (Given, error) {
	u := understanding{Place: at, see: see}
	for _, part := range []func(context.Context, Asked) error{u.roles, u.defaults, u.policy, u.grants} {
		if err := part(ctx, asked); err != nil {
			return Given{}, err
		}
	}
	return u.Given, nil
}

// An understanding is how far it has come.
type understanding struct {
	Given
	Place
	see apply.Reader
}

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrGiven, fmt.Errorf(format, args...))
}

func (u *understanding) says(format string, args ...any) {
	u.Says = append(u.Says, fmt.Sprintf(format, args...))
}

func (u *understanding) warn(refused bool, do []quote.Task, format string, args ...any) {
	u.Problems = append(u.Problems, Problem{refused, fmt.Sprintf(format, args...), do})
}

// ebsAlias names the default key of an account that chose none.
const ebsAlias = "alias/aws/ebs"

// defaults are the account's EBS settings.
func (u *understanding) defaults(ctx context.Context, asked Asked) error {
	if on := asked.ByDefault; on != nil {
		u.Change.ByDefault = on
		u.says("EBS encryption by default is switched %s", map[bool]string{true: "on", false: "off"}[*on])
	}
	if asked.DefaultKey == "" {
		return nil
	}
	if asked.DefaultKey == ebsAlias { // it is made when it is first used
		u.Change.DefaultKey = ebsAlias
		u.says("the account's default EBS key becomes %s, which AWS manages", ebsAlias)
		return nil
	}
	state, err := u.key(ctx, "--default-key", asked.DefaultKey)
	if err != nil {
		return err
	}
	u.Change.DefaultKey = u.shown(asked.DefaultKey, state)
	u.says("the account's default EBS key becomes %s", named(asked.DefaultKey, state))
	u.unusable(state)
	return nil
}

// shown is the default key as GetEbsDefaultKmsKeyId has it: an alias as its ARN, so that
// it follows the alias.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyEbsDefaultKmsKeyId.html
func (u *understanding) shown(written string, s keystate.State) string {
	switch {
	case strings.HasPrefix(written, "arn:"):
		return written
	case strings.HasPrefix(written, "alias/"):
		return "arn:" + u.Partition + ":kms:" + u.Region + ":" + u.Account + ":" + written
	}
	return s.Facts.Key.ARN
}

// key reads a key of the Region, or refuses what names none.
func (u *understanding) key(ctx context.Context, flag, id string) (keystate.State, error) {
	if region := arn.Region(id); region != "" && region != u.Region {
		return keystate.State{}, wrong("%s %s is in %s, and this is about %s: EBS takes keys of its own Region only; give a key of %s, or another --region", flag, id, region, u.Region, u.Region)
	}
	if strings.HasPrefix(id, "arn:") && arn.Service(id) != "kms" {
		return keystate.State{}, wrong("%s %s is no ARN of a KMS key (arn:%s:kms:%s:ACCOUNT:key/ID)", flag, id, u.Partition, u.Region)
	}
	s, err := u.see.Key(ctx, id, slr.ARN(u.Partition, u.Account, ""))
	if errors.Is(err, keystate.ErrKeyNotFound) {
		return s, wrong("%s %s: there is no such key in account %s, %s: give its ARN, its id, or alias/NAME", flag, id, u.Account, u.Region)
	}
	if err != nil {
		return s, fmt.Errorf("read the key of %s: %w", flag, err)
	}
	return s, nil
}

// named is a key as a person knows it.
func named(written string, s keystate.State) string {
	if s.Alias != "" && !strings.HasPrefix(written, "alias/") {
		return s.Alias
	}
	return written
}

// unusable warns of a key that no volume can lie under.
func (u *understanding) unusable(s keystate.State) {
	k := s.Facts.Key
	var do []quote.Task
	if k.State == "Disabled" {
		do = []quote.Task{{Account: arn.Account(k.ARN), Command: quote.Command("aws", "kms", "enable-key", "--key-id", k.ARN, "--region", u.Region)}}
	}
	switch {
	case k.State != "" && k.State != "Enabled" && k.State != "Updating":
		u.warn(false, do, "%s is in the state %s: KMS lets nobody use it until it is enabled", k.ARN, k.State)
	case k.Spec != "" && k.Spec != "SYMMETRIC_DEFAULT" || k.Usage != "" && k.Usage != "ENCRYPT_DECRYPT":
		u.warn(false, nil, "%s is a %s key for %s: EBS takes symmetric encryption keys only", k.ARN, k.Spec, k.Usage)
	}
}

// roles that are deleted, or made anew.
func (u *understanding) roles(ctx context.Context, asked Asked) error {
	for i, name := range append(append([]string{}, asked.Deleted...), asked.Renewed...) {
		flag, anew := "--delete-role", false
		if i >= len(asked.Deleted) {
			flag, anew = "--recreate-role", true
		}
		if err := u.role(ctx, flag, name, anew); err != nil {
			return err
		}
	}
	return nil
}

func (u *understanding) role(ctx context.Context, flag, name string, anew bool) error {
	role := name
	switch {
	case name == slr.SpotName:
		role = slr.Spot(u.Partition, u.Account)
	case strings.HasPrefix(name, slr.Name):
		role = slr.ARN(u.Partition, u.Account, "") + strings.TrimPrefix(name, slr.Name)
	}
	if !slr.Is(role, u.Account) && !slr.IsSpot(role, u.Account) || !strings.HasSuffix(role, name) {
		return wrong("%s %s is no service-linked role of account %s that launches instances: give the name or the ARN of one, as in %s", flag, name, u.Account, slr.Name)
	}
	for _, r := range u.Change.Roles {
		if r.ARN == role {
			return wrong("%s %s: the same role is named twice", flag, name)
		}
	}
	now, err := u.see.Role(ctx, role)
	if err != nil {
		return fmt.Errorf("read the role of %s: %w", flag, err)
	}
	if now.ID == "" {
		return wrong("%s %s: account %s has no such role", flag, name, u.Account)
	}
	u.Change.Roles = append(u.Change.Roles, whatif.Role{ARN: role, ID: now.ID, Anew: anew})
	what := "is deleted"
	if anew {
		what = "is deleted and made anew, with another unique id: policies and grants that named it then name nobody"
	}
	u.says("the service-linked role %s %s", roleName(role), what)
	if slr.Is(role, u.Account) {
		u.warn(false, nil, "IAM deletes %s only once no Auto Scaling group of the account launches as it, in any Region", roleName(role))
	}
	return nil
}

// grants that are revoked. Without a key, the keys that the groups need are looked through.
func (u *understanding) grants(ctx context.Context, asked Asked) error {
	key := ""
	if asked.Key != "" && len(asked.Grants) > 0 {
		s, err := u.key(ctx, "--key", asked.Key)
		if err != nil {
			return err
		}
		key = s.Facts.Key.ARN
	}
	for _, id := range asked.Grants {
		on := ""
		if key != "" {
			g, err := u.see.Grant(ctx, key, id)
			if err != nil {
				return fmt.Errorf("read grant %s: %w", id, err)
			}
			if g.ID == "" {
				return wrong("--revoke-grant %s: %s has no such grant", id, asked.Key)
			}
			on = " on " + asked.Key
		}
		u.Change.Revoked = append(u.Change.Revoked, whatif.Grant{Key: key, ID: id})
		u.says("grant %s%s is revoked", id, on)
	}
	return nil
}

// policy that is put on a key.
func (u *understanding) policy(ctx context.Context, asked Asked) error {
	if asked.Policy == nil {
		return nil
	}
	d, err := keypolicy.Parse(*asked.Policy)
	if err != nil {
		return wrong("--policy %s: %w", asked.From, err)
	}
	s, err := u.key(ctx, "--key", asked.Key)
	if err != nil {
		return err
	}
	if owner := arn.Account(s.Facts.Key.ARN); owner != u.Account {
		return wrong("--key %s is of account %s, and a policy is put in the key's own account: give that account's credentials (--profile)", asked.Key, owner)
	}
	if s.Facts.Key.Manager == "AWS" {
		return wrong("--key %s is managed by AWS: nobody can change its policy", asked.Key)
	}
	put := whatif.Policy{Key: s.Facts.Key.ARN, Document: d}
	u.Change.Policies, u.From = append(u.Change.Policies, put), asked.From
	u.says("the policy of %s becomes %s", named(asked.Key, s), asked.From)
	u.unusable(s)
	return u.judge(ctx, put, s)
}

// judge says of a policy what KMS refuses of it, and whom it keeps out.
func (u *understanding) judge(ctx context.Context, p whatif.Policy, now keystate.State) error {
	for _, r := range keypolicy.Refusals(p.Document) {
		u.warn(true, nil, "KMS refuses the policy: %s", strings.TrimPrefix(r.Statement+": "+r.Text, ": "))
	}
	if err := u.missing(ctx, p.Document); err != nil {
		return err
	}
	root := access.Principal{ARN: arn.Root(u.Partition, u.Account)}
	switch who := u.Caller; {
	case who.ARN != "" && who.SessionARN == "" && whatif.LocksOut(p, who): // of a session's role the path isn't known
		u.warn(true, nil, "KMS refuses the policy where %s puts it: it doesn't let them change it again", who.ARN)
	case whatif.LocksOut(p, root):
		u.warn(false, nil, "the policy doesn't let the account itself (%s) change it: once nobody is left whom it names, only AWS Support can help", root.ARN)
	}
	writer := permission.Place{Partition: u.Partition, Account: u.Account, Prefix: "keymend-"}.ARN(permission.PolicyWriter)
	deployed, err := u.see.Role(ctx, writer)
	if err == nil && deployed.ID != "" && whatif.LocksOut(p, deployed) {
		u.warn(false, nil, "the policy doesn't let Keymend's role %s change it: Keymend couldn't mend it any more", writer)
	}
	if now.Facts.Policy != nil {
		for _, name := range whatif.Dropped(now.Facts.Policy, p.Document) {
			u.warn(false, nil, "the policy drops Keymend's statement %s", name)
		}
	}
	return nil
}

// missing warns of roles of the account that the policy names and that aren't there, or
// won't be.
func (u *understanding) missing(ctx context.Context, d *keypolicy.Document) error {
	for _, role := range whatif.Named(d, u.Account) {
		now, err := u.see.Role(ctx, role)
		if err != nil {
			return fmt.Errorf("read a role that the policy names: %w", err)
		}
		if u.Change.Principal(now).ID != "" {
			continue
		}
		var do []quote.Task
		if slr.Is(role, u.Account) || slr.IsSpot(role, u.Account) {
			f := plan.Finding{Account: u.Account, Region: u.Region, Principal: now}
			do = []quote.Task{{Account: u.Account, Command: f.CreateRole()}}
		}
		u.warn(true, do, "KMS refuses the policy (MalformedPolicyDocumentException): it names %s, which doesn't exist; make the role first", role)
	}
	return nil
}

// roleName leaves out the path, which is the same for every such role.
func roleName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
