// Package outcome names what can come of a finding or a change.
//
// It depends on nothing but the standard library, so that the infrastructure
// shares it.
package outcome

// An Outcome says what came of a finding or a change. The set is closed; Meanings
// has a sentence for each.
type Outcome string

// The outcomes. The first group ends a finding, the second a remediation.
const (
	Ignored         Outcome = "ignored"
	CauseElsewhere  Outcome = "cause-elsewhere"
	NotKMS          Outcome = "not-kms"
	NothingToDo     Outcome = "nothing-to-do"
	NoFix           Outcome = "no-fix"
	Observed        Outcome = "observed"
	Refused         Outcome = "refused"
	Proposed        Outcome = "proposed"
	Fixable         Outcome = "fixable"
	Sent            Outcome = "sent"
	NotPermitted    Outcome = "not-permitted"
	SettingsInvalid Outcome = "settings-invalid"
	InService       Outcome = "in-service"
	Recovered       Outcome = "recovered"
	StillFailing    Outcome = "still-failing"
	Suspended       Outcome = "suspended"
	GaveUp          Outcome = "gave-up"

	UnexplainedWrite Outcome = "unexplained-write"
	Overwritten      Outcome = "overwritten"

	Fixed      Outcome = "fixed"
	Unproven   Outcome = "unproven"
	Superseded Outcome = "superseded"
	Failed     Outcome = "failed"
	Undone     Outcome = "undone"
	Stands     Outcome = "stands"

	PartlyUndone Outcome = "partly-undone"

	TakenAway Outcome = "taken-away"
	Braked    Outcome = "braked"

	Waiting    Outcome = "waiting"
	Copying    Outcome = "copying"
	Moved      Outcome = "moved"
	HandedOver Outcome = "handed-over"
)

// Meanings returns every outcome with its meaning, as docs/audit.md has it.
func Meanings() map[Outcome]string {
	return map[Outcome]string{
		Ignored:          "The event is malformed, not ours, or about a group that is gone or being deleted.",
		CauseElsewhere:   "No key that the launch needs is known to be closed to the role: the launch fails for another reason, by AWS's text or by what EC2 refuses.",
		NotKMS:           "AWS's words name another cause than a key: no key was looked at. A full sweep does, whatever the last launch failed for.",
		NothingToDo:      "Every key that the launch needs is open to the role, or the group has all its instances though not all of a key can be seen. A failure that AWS's text puts down to a key, or to nothing that is known, is taken for one from before.",
		NoFix:            "The key stands in the way, and only a person can do something about it.",
		Observed:         "A fix exists; the mode is observe.",
		Refused:          "A fix exists and may not even be proposed: the key's owner forbids it, or the plan isn't one that Keymend may carry out.",
		Proposed:         "A fix exists and waits for a person: for consent, for approval, or for the switch.",
		Fixable:          "A fix exists and is permitted; nobody was there to carry it out.",
		Sent:             "A fix exists, is permitted, and was sent to be carried out.",
		Waiting:          "A fix exists; another change has to stand before it is sent, or it would be of no use while another key stays shut. As a proof: the key is open, and Auto Scaling hasn't tried to launch since; it does by itself.",
		TakenAway:        "A fix exists, and somebody took it away since Keymend wrote it: it isn't written again unattended. The reason has it as code for the policy's owner.",
		Braked:           "A fix exists and is permitted; as many changes as the settings allow were begun within an hour, or whether they were can't be read.",
		NotPermitted:     "AWS refused Keymend a call that it needs; the reason names the action.",
		SettingsInvalid:  "The settings are invalid: Keymend only observes until they are mended.",
		InService:        "Instances launched through access that Keymend gave. Versions that heard of each launch wrote it.",
		Recovered:        "After the change, Keymend's or a person's, the group launched, or lacks nothing.",
		StillFailing:     "After the change a launch failed again: for the cause that the reason names.",
		Suspended:        "The change stands, and Auto Scaling or a person stopped the group from launching: it has to be resumed.",
		GaveUp:           "The change stands, and after more than half an hour it can't be told whether the group launches: a launch hasn't ended, or its activities can't be read. Nothing is looked for any more but by sweeps.",
		UnexplainedWrite: "A role of Keymend's changed something, and the audit log has no intent for it: the role may be in other hands.",
		Overwritten:      "A write of Keymend's followed somebody's edit of the key's policy too closely to have seen it, and took it back; the reason says what is lost, and what brings it back.",

		Fixed:        "The change stands, and what was read after it evaluates as Allowed; where the key can't be read, KMS answers the repeated CreateGrant with the same grant.",
		Unproven:     "The change was written, and what was read after it didn't evaluate as Allowed in time, or reads didn't agree.",
		Superseded:   "The facts changed since the plan was made; it was not carried out.",
		Failed:       "AWS refused the change, or a call that it rests on, for a reason that trying again doesn't mend.",
		Undone:       "What Keymend had added was taken away again.",
		Stands:       "The change stands, and nothing tells who wrote it: this remediation, which ended before it could say so or whose answer from AWS was lost, or somebody else. It is proven as one that is fixed.",
		Copying:      "A copy under a key of the group's account is on its way; what comes after begins when it is ready.",
		Moved:        "The launch template has a version that does without the other account's key, and the group launches from it.",
		HandedOver:   "The launch template has a version that does without the other account's key; a person has to point the group at it.",
		PartlyUndone: "Part of what Keymend had added was taken away again; the rest is in an account that these credentials aren't for.",
	}
}
