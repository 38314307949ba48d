package guard

import "fmt"

// A Reason names why a verdict came out as it did. The set is closed; Explain
// has a sentence for each.
type Reason string

// The reasons.
const (
	Consented       Reason = "consented"        // permitted: the key's owner enrolled it
	ScopeAll        Reason = "scope-all"        // permitted: the settings cover every own key
	PersonDecided   Reason = "person-decided"   // permitted: someone asked at a terminal
	NothingToApply  Reason = "nothing-to-apply" // the plan has no steps
	WrongPrincipal  Reason = "wrong-principal"
	WrongTarget     Reason = "wrong-target"
	KeyIgnored      Reason = "key-ignored"
	OnlyObserving   Reason = "only-observing"
	TagsNotReadable Reason = "tags-not-readable"
	NotConsented    Reason = "not-consented"
	ForeignKey      Reason = "foreign-key"
	OnlyProposing   Reason = "only-proposing"
	ApprovalExpired Reason = "approval-expired"
	OwnApproval     Reason = "own-approval" // by who made the group, or the version of its template
	SwitchedOff     Reason = "switched-off"
	TakenAway       Reason = "taken-away"        // somebody took away what Keymend wrote
	Braked          Reason = "braked"            // as many changes as may be were begun within the hour
	MayNotBeNeeded  Reason = "may-not-be-needed" // what stands may be access enough

	HalfGiven        Reason = "half-given"        // permitted: the owner's key policy lets this account create the grant
	HalfNotSeen      Reason = "half-not-seen"     // to be tried: whether it does can't be read from here
	ConsentElsewhere Reason = "consent-elsewhere" // the owner's tag names other accounts

	RoleBySettings   Reason = "role-by-settings" // permitted: the settings give such groups a role of their own
	GroupIgnored     Reason = "group-ignored"
	ResumeBySettings Reason = "resume-by-settings" // permitted: the settings let such groups launch again
	TooManyMissing   Reason = "too-many-missing"   // and more instances are missing than they say
	CopyNotConsented Reason = "copy-not-consented" // the owner didn't agree to copies under another key
	CopyNotSeen      Reason = "copy-not-seen"      // whether the owner did can't be read
)

// Explain returns what the reason means, in one sentence.
func Explain(r Reason) string {
	text, ok := map[Reason]string{
		Consented:       "The key's owner enrolled it.",
		ScopeAll:        "The settings cover every key of this account (scope: all).",
		PersonDecided:   "A person asked for it, with their own credentials.",
		NothingToApply:  "There is nothing to apply.",
		WrongPrincipal:  "Keymend opens keys only to Auto Scaling service-linked roles of the group's own account, and to the Spot role where the launch needs it.",
		WrongTarget:     "A step changes something else than what the plan is about.",
		KeyIgnored:      "The key's owner forbids even proposals (tag keymend=ignore).",
		OnlyObserving:   "Keymend only observes (mode: observe).",
		TagsNotReadable: "The key's tags couldn't be read, so nobody's consent is known.",
		NotConsented:    "The key's owner hasn't enrolled it.",
		ForeignKey:      "The key belongs to an account whose keys the settings don't let Keymend open.",
		OnlyProposing:   "A person has to approve (mode: propose).",
		ApprovalExpired: "The approval came more than an hour before it could be carried out; a person has to approve anew.",
		OwnApproval:     "A person has to approve who didn't make the group or the version of its template.",
		TakenAway:       "Somebody took away what Keymend wrote; it isn't written again unattended.",
		Braked:          "No other change is begun unattended by now.",
		MayNotBeNeeded:  "A person has to approve: what stands may be access enough.",
		SwitchedOff:     "The switch that stops all writes isn't on.",

		HalfGiven:        "The key's owner, another account, lets this account create the grant by the key policy.",
		HalfNotSeen:      "The key's account can't be read from here; a trial that writes nothing tells whether its owner lets this account create the grant.",
		CopyNotConsented: "The key's owner hasn't agreed that what lies under it is copied to a key of this account (tag keymend-copy).",
		CopyNotSeen:      "Whether the key's owner agrees that what lies under it is copied to a key of this account can't be read from here (tag keymend-copy on the key).",
		ConsentElsewhere: "The key's owner enrolled it for other accounts than this one (tag keymend-accounts).",

		RoleBySettings:   "The settings give groups whose keys aren't open to their role a role of its own (serviceLinkedRole).",
		ResumeBySettings: "The settings let groups launch again that Auto Scaling stopped (resumeSuspended).",
		TooManyMissing:   "A person has to resume it: more instances are missing than the settings let Keymend have launched at once (resumeSuspended).",
		GroupIgnored:     "The group is not to be changed (tag keymend=ignore on the group).",
	}[r]
	if !ok {
		return fmt.Sprintf("no such reason: %q", string(r))
	}
	return text
}
