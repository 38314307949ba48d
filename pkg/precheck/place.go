package precheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// StackSets is the service that acts in an organization's accounts.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html
const StackSets = "member.org.stacksets.cloudformation.amazonaws.com"

// caller: who deploys the StackSets has to say so by the setting administrator.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html
func caller(s Settings, f Facts) []Line {
	const matter = "caller"
	who := "account " + f.Account
	member := f.Organization.Value
	switch {
	case f.Organization.Problem != "":
		return unseen(matter, f.Organization.Problem)
	case member.ID == "":
		return []Line{{Matter: matter, State: Wrong, Text: who + " is in no organization", Do: "take the credentials of the account that deploys: keymend:administrator"}}
	case f.Account == member.Management && s.Delegated:
		return []Line{{Matter: matter, State: Wrong, Text: who + " is the management account, and keymend:administrator is delegated", Do: "take the credentials of the delegated administrator, or set that to management"}}
	case f.Account == member.Management:
		return lists(s, f, Line{Matter: matter, State: Well, Text: who + " is the management account"})
	case f.Delegated.Problem != "":
		return unseen(matter, f.Delegated.Problem)
	case !f.Delegated.Value:
		return []Line{{
			Matter: matter, State: Wrong, Text: who + " neither is the management account nor administers StackSets", Do: "the management account registers it, or take other credentials:", Account: member.Management,
			Command: []string{"aws", "organizations", "register-delegated-administrator", "--account-id", f.Account, "--service-principal", StackSets},
		}}
	case !s.Delegated:
		return []Line{{Matter: matter, State: Wrong, Text: who + " is a delegated administrator, and keymend:administrator is management", Do: "set that to delegated"}}
	}
	return lists(s, f, Line{Matter: matter, State: Well, Text: who + " administers StackSets for the organization"})
}

// lists: the hub takes keymend-lister where the settings say that the caller's account is.
func lists(s Settings, f Facts, well Line) []Line {
	if s.Administrator == f.Account {
		return []Line{well}
	}
	return []Line{well, {
		Matter: well.Matter, State: Wrong, Text: "keymend:administratorAccount is " + s.Administrator + ", and the hub lists the accounts by keymend-lister there", Do: "set that to " + f.Account,
	}}
}

func organization(s Settings, f Facts) []Line {
	const matter = "settings"
	if f.Organization.Problem != "" || f.Organization.Value.ID == "" {
		return nil // said already
	}
	var out []Line
	differs := func(key, set, is string) {
		if set != is {
			out = append(out, Line{Matter: matter, State: Wrong, Text: fmt.Sprintf("keymend:%s is %s; the organization's is %s", key, set, is), Do: "correct it"})
		}
	}
	differs("organizationId", s.ID, f.Organization.Value.ID)
	differs("managementAccount", s.Management, f.Organization.Value.Management)
	if out == nil {
		out = []Line{{Matter: matter, State: Well, Text: "organization " + s.ID + ", management account " + s.Management}}
	}
	return out
}

func trusted(s Settings, f Facts) []Line {
	const matter = "trust"
	switch {
	case f.Trusted.Problem != "":
		return unseen(matter, f.Trusted.Problem)
	case !f.Trusted.Value:
		return []Line{{
			Matter: matter, State: Wrong, Text: "StackSets may not act in the organization: it has no trusted access", Do: "the management account turns it on:", Account: s.Management,
			Command: []string{"aws", "cloudformation", "activate-organizations-access", "--region", s.Regions[0]},
		}}
	}
	return []Line{{Matter: matter, State: Well, Text: "StackSets may act in the organization"}}
}

func hub(s Settings, f Facts) []Line {
	const matter = "hub"
	switch {
	case f.Hub.Problem != "":
		return unseen(matter, f.Hub.Problem)
	case f.Hub.Value == "":
		return []Line{{Matter: matter, State: Wrong, Text: "account " + s.Hub + " isn't in the organization: no member would let it in", Do: "correct keymend:hubAccount, or invite it"}}
	case f.Hub.Value != Active:
		return []Line{{Matter: matter, State: Wrong, Text: "account " + s.Hub + " is " + f.Hub.Value, Do: "take another for keymend:hubAccount"}}
	}
	return []Line{{Matter: matter, State: Well, Text: "account " + s.Hub + " is a member, and active"}}
}

// units: an account has one Keymend, since its roles have fixed names. So no unit may be
// below another that is named.
func units(s Settings, f Facts) []Line {
	const matter = "units"
	if f.Tree.Problem != "" {
		return unseen(matter, f.Tree.Problem)
	}
	tree := f.Tree.Value
	var out []Line
	named := map[string]bool{}
	for _, w := range s.Waves {
		for _, u := range w.Units {
			named[u] = true
		}
	}
	for _, u := range slices.Sorted(maps.Keys(named)) {
		if slices.Contains(tree.Missing, u) {
			out = append(out, Line{Matter: matter, State: Wrong, Text: u + " isn't in the organization", Do: "correct keymend:units or keymend:canaryUnits"})
		}
		for _, above := range tree.above(u) {
			if named[above] {
				out = append(out, Line{Matter: matter, State: Wrong, Text: u + " is below " + above + ", which is named too: the roles' names would collide", Do: "name one of them"})
			}
		}
	}
	if out != nil {
		return out
	}
	active := 0
	for _, a := range tree.Accounts {
		if a.State == Active {
			active++
		}
	}
	text := fmt.Sprintf("%s with %s", count(len(named), "unit"), count(active, "active account"))
	if others := len(tree.Accounts) - active; others > 0 {
		text += fmt.Sprintf("; %d more that StackSets skip", others)
	}
	if active == 0 {
		return []Line{{Matter: matter, State: Note, Text: text + ": accounts that join get it"}}
	}
	return []Line{{Matter: matter, State: Well, Text: text}}
}

// above returns the units above an account or a unit, the nearest first, the root last.
func (t Tree) above(id string) []string {
	var out []string
	for id = t.Parents[id]; id != "" && !slices.Contains(out, id); id = t.Parents[id] {
		out = append(out, id)
	}
	return out
}

// regions: an opt-in Region has to be enabled in the account that deploys there, and in
// each that it deploys to.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs.html
func regions(s Settings, f Facts) []Line {
	const matter = "regions"
	var out []Line
	for _, account := range slices.Sorted(maps.Keys(f.Regions)) {
		seen := f.Regions[account]
		if seen.Problem != "" {
			out = append(out, unseen(matter, seen.Problem)...)
			continue
		}
		wanted := s.Regions
		if account == s.Hub && account != f.Account {
			wanted = s.HubRegions
		}
		off := slices.DeleteFunc(slices.Clone(wanted), func(r string) bool { return slices.Contains(seen.Value, r) })
		for _, r := range off {
			out = append(out, Line{
				Matter: matter, State: Wrong, Text: r + " isn't enabled in account " + account, Do: "leave it out of keymend:regions, or enable it there and in every account of the waves:",
				Command: []string{"aws", "account", "enable-region", "--region-name", r}, Account: account,
			})
		}
		if len(off) == 0 {
			out = append(out, Line{Matter: matter, State: Well, Text: strings.Join(wanted, ", ") + " enabled in account " + account})
		}
	}
	return out
}

// buses: EventBridge asks the bus's policy when a rule is made that sends to it, so that
// the hub's stacks come first.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
func buses(s Settings, f Facts) []Line {
	const matter = "hub stack"
	var out []Line
	for _, region := range s.HubRegions {
		seen := f.Buses[region]
		switch {
		case seen.Problem != "":
			out = append(out, unseen(matter, region+": "+seen.Problem)...)
		case !seen.Value.There:
			out = append(out, Line{Matter: matter, State: ToDo, Text: region + " has none yet: members' rules would be refused there", Do: "make deploy-hub, before make deploy-organization"})
		case !strings.Contains(seen.Value.Policy, `"`+s.ID+`"`):
			out = append(out, Line{Matter: matter, State: Wrong, Text: "the policy of bus keymend in " + region + " doesn't admit " + s.ID, Do: "make deploy-hub with these settings"})
		default:
			out = append(out, Line{Matter: matter, State: Well, Text: region + " has the bus keymend, and it admits the organization"})
		}
	}
	return out
}

// alone names accounts that have the stack for an account that works alone: its roles
// have the names of a member's.
func alone(s Settings, f Facts) []Line {
	const matter = "accounts"
	var out []Line
	if slices.ContainsFunc(f.Tree.Value.Accounts, func(a Member) bool { _, looked := f.Alone[a.ID]; return a.State == Active && !looked }) {
		out = append(out, Line{Matter: matter, State: Note, Text: "which members have the stack keymend of their own wasn't looked for", Do: "--role names a role that you may take in each of them"})
	}
	var clear, refused []string
	why := ""
	for _, account := range slices.Sorted(maps.Keys(f.Alone)) {
		switch seen := f.Alone[account]; {
		case seen.Problem != "":
			refused, why = append(refused, account), seen.Problem
		case seen.Value && account == s.Hub:
			out = append(out, Line{Matter: matter, State: Wrong, Text: "the hub, " + account + ", has the stack keymend: the roles' names collide", Do: "the path from one account to the organization: docs/deploy.md"})
		case seen.Value:
			out = append(out, Line{Matter: matter, State: Wrong, Text: account + " has the stack keymend of its own: the roles' names collide", Do: "leave its unit out, or take the path from one account to the organization: docs/deploy.md"})
		default:
			clear = append(clear, account)
		}
	}
	if len(refused) > 0 {
		out = append(out, unseen(matter, few(refused)+": "+why)...)
	}
	if len(clear) > 0 {
		out = append(out, Line{Matter: matter, State: Well, Text: "no stack keymend of its own in " + few(clear)})
	}
	return out
}

// few names some of many.
func few(all []string) string {
	const most = 3
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
