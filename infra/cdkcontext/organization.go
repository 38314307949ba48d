package cdkcontext

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"keymend/pkg/arn"
)

// An Organization is what the settings say of one: which accounts Keymend works for,
// from where.
type Organization struct {
	ID, Hub, Management string   // the organization's id; accounts
	Delegated           bool     // a delegated administrator makes the StackSets, not the management account
	Administrator       string   // the account that does
	Regions             []string // that are governed; the first is home
	HubRegions          []string // those of them that have a hub stack
	Waves               []Wave   // that have units, in the order in which they are deployed
	PermissionsBoundary string   // name of a managed policy; "" = none
	ImageParameters     string   // path; "" = none
	Guard               string   // what keeps a key's enrolment from those who may tag it: ConsentByPolicy, or ConsentAccepted, that nothing does; "none"
	MaxConcurrent       int      // percent
	FailureTolerance    int      // percent, of every wave but the canary's
}

// What the setting consentGuard may be beside "none", with which no wave's mode may be
// more than propose.
const (
	ConsentByPolicy = "scp"      // an organization policy is attached that denies Keymend's tags to all but named roles
	ConsentAccepted = "accepted" // whoever may tag a key there may enrol it
)

// A Wave is units that are deployed together, with the same settings.
type Wave struct {
	Name                     string // "canary", or "" of the main one
	Units                    []string
	Mode, OwnKey, ForeignKey string
	unitsKey, prefix         string // context keys
}

// Label returns what people call the wave: canary or main.
func (w Wave) Label() string { return cmp.Or(w.Name, "main") }

// StackSet returns the name of the wave's StackSet of "roles" or "regions".
func (w Wave) StackSet(what string) string {
	return "keymend-" + strings.TrimPrefix(w.Name+"-", "-") + what
}

// asking returns the context keys of an organization that say that there is one. The
// others have a default that means nothing without.
func asking() []string {
	return []string{"canaryUnits", "hubAccount", "hubRegions", "imageParameters", "managementAccount", "organizationId", "permissionsBoundary", "regions", "units"}
}

// HubRegion returns where the events of a governed Region go: to its own hub stack, or
// else to home's.
func (o Organization) HubRegion(region string) string {
	if slices.Contains(o.HubRegions, region) {
		return region
	}
	return o.Regions[0]
}

// Governed returns the Regions whose events go to a hub Region.
func (o Organization) Governed(hub string) []string {
	return slices.DeleteFunc(slices.Clone(o.Regions), func(r string) bool { return o.HubRegion(r) != hub })
}

// OfHub returns settings of the functions: the widest that a wave asks for. What a wave
// doesn't ask for, its accounts have no role for.
func (o Organization) OfHub(wave func(Wave) string, careful string) string {
	for _, w := range o.Waves {
		if wave(w) != careful {
			return wave(w)
		}
	}
	return careful
}

// NewOrganization returns the organization of settings that Validate returned; nil:
// there is none.
func NewOrganization(text map[string]string) *Organization {
	if !slices.ContainsFunc(asking(), func(name string) bool { return text[name] != "" }) {
		return nil
	}
	o := &Organization{
		ID: text["organizationId"], Hub: text["hubAccount"], Management: text["managementAccount"], Delegated: text["administrator"] == "delegated",
		Regions: list(text["regions"]), HubRegions: list(text["hubRegions"]),
		PermissionsBoundary: text["permissionsBoundary"], ImageParameters: text["imageParameters"], Guard: text["consentGuard"],
	}
	o.Administrator = cmp.Or(text["administratorAccount"], o.Management)
	if len(o.HubRegions) == 0 && len(o.Regions) > 0 {
		o.HubRegions = o.Regions[:1]
	}
	o.MaxConcurrent, _ = strconv.Atoi(text["maxConcurrent"])       // Validate has seen to it
	o.FailureTolerance, _ = strconv.Atoi(text["failureTolerance"]) // the same
	for _, w := range waves(text) {
		if len(w.Units) > 0 {
			o.Waves = append(o.Waves, w)
		}
	}
	return o
}

func waves(text map[string]string) []Wave {
	wave := func(name, units, keys string) Wave {
		return Wave{
			Name: name, Units: list(text[units]), Mode: text[keys+"Mode"], OwnKey: text[keys+"OwnKey"], ForeignKey: text[keys+"ForeignKey"],
			unitsKey: units, prefix: keys,
		}
	}
	return []Wave{wave("canary", "canaryUnits", "canary"), wave("", "units", "units")}
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// organization checks the settings of an organization, where any says that there is one.
func (v *validator) organization() {
	o := NewOrganization(v.text)
	if o == nil {
		return
	}
	v.allowed(OfOrganization())
	if o.Hub != "" && o.Hub == o.Management {
		v.problem("hubAccount", "is the management account, which no service control policy binds and no StackSet reaches; take another")
	}
	if v.text["scope"] == "all" {
		v.problem("scope", `is "all"; in an organization a key's owner has to enrol it`)
	}
	v.regions(*o)
	v.units(*o)
	v.waves()
}

// regions checks where the organization is governed from. IAM's events are in one Region
// of a partition only: that of the partition's own endpoint.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
func (v *validator) regions(o Organization) {
	if len(o.Regions) == 0 {
		v.problem("regions", "is empty; name the Regions to govern, the hub's home first: a Region that is denied by a service control policy would fail the whole operation")
		return
	}
	partition := arn.PartitionOf(o.Regions[0])
	global := arn.Global(partition)
	switch {
	case partition == "aws-cn":
		v.problem("regions", "are of China, where StackSets can't take an organization; deploy the account stack there")
	case !slices.Contains(o.Regions, global):
		v.problem("regions", "lack %s, the only Region that has IAM's events; without it nobody sees that a service-linked role was made", global)
	}
	v.names("regions", o.Regions)
	for _, r := range o.HubRegions {
		if !slices.Contains(o.Regions, r) {
			v.problem("hubRegions", "have %q, which isn't among keymend:regions", r)
		}
	}
	if !slices.Contains(o.HubRegions, o.Regions[0]) {
		v.problem("hubRegions", "lack %s, the first of keymend:regions: Regions without a hub stack send there", o.Regions[0])
	}
	for _, name := range []string{"actionTopic", "alarmTopic", "encryptionKey"} {
		if region := arn.Region(v.text[name]); region != "" && (len(o.HubRegions) > 1 || region != o.Regions[0]) {
			v.problem(name, "is of Region %s; the hub's stacks are in %s: leave it empty, or have one hub Region, that one", region, strings.Join(o.HubRegions, ", "))
		}
	}
}

// units checks what the waves are deployed to.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html
func (v *validator) units(o Organization) {
	if len(o.Waves) == 0 {
		v.problem("units", "and %scanaryUnits are empty; name the organizational units to deploy to", keyPrefix)
	}
	const most = 50 // of an operation
	var seen []string
	for _, w := range o.Waves {
		key := w.unitsKey
		if len(w.Units) > most {
			v.problem(key, "have %d units; StackSets take %d at once: name a unit above them", len(w.Units), most)
		}
		for _, u := range w.Units {
			switch {
			case !regexp.MustCompile(`^(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})$`).MatchString(u):
				v.problem(key, "have %q; a unit's id is like ou-a1b2-c3d4e5f6, the root's like r-a1b2", u)
			case slices.Contains(seen, u):
				v.problem(key, "have %s, which is named before: the roles' names would collide", u)
			case strings.HasPrefix(u, "r-") && (len(o.Waves) > 1 || len(w.Units) > 1):
				v.problem(key, "have the root %s, which holds every other unit: the roles' names would collide", u)
			}
			seen = append(seen, u)
		}
	}
}

// waves checks what each wave asks for. One hub serves both, and so they can't ask for
// two ways of curing the same.
func (v *validator) waves() {
	all := waves(v.text)
	for _, w := range all {
		if w.Mode == "enforce" && v.text["consentGuard"] == "none" {
			v.problem(w.prefix+"Mode", `is "enforce", and %sconsentGuard is "none": whoever may tag keys in those accounts could enrol them. `+
				`Attach docs/policies/consent-guard.json and set that to "%s", or set it to "%s", or take propose`, keyPrefix, ConsentByPolicy, ConsentAccepted)
		}
		if w.ForeignKey == "copy" && !strings.HasPrefix(v.text["copyKey"], "alias/") {
			v.problem("copyKey", "is %q; copies lie under a key of each account's own: name an alias that every account has", v.text["copyKey"])
		}
	}
	for _, way := range []struct{ name, canary, main, careful string }{
		{"OwnKey", all[0].OwnKey, all[1].OwnKey, "grant"}, {"ForeignKey", all[0].ForeignKey, all[1].ForeignKey, "report"},
	} {
		if way.canary != way.main && way.canary != way.careful && way.main != way.careful {
			v.problem(all[1].prefix+way.name, "is %q, and %s%s is %q; one hub serves both waves: they can be the same, or one of them %s",
				way.main, keyPrefix, all[0].prefix+way.name, way.canary, way.careful)
		}
	}
}
