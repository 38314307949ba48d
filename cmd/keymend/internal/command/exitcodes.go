package command

import (
	"maps"

	"keymend/cmd/keymend/internal/report"
)

// ends says what a command ends with, by exit code. Failure and wrong usage mean the same
// of every command, and needn't be said.
type ends map[report.Code]string

// A command says of itself what its help needs beside the flags.
type helped interface {
	examples() []string // lines to copy
	ends() ends
}

// whole adds what every command ends with.
func (e ends) whole() ends {
	out := ends{
		report.Broke:   "Keymend failed; standard error says why",
		report.Misused: "wrong usage: nothing was done",
	}
	maps.Copy(out, e)
	return out
}

// done is of commands that either do what they are asked for or fail.
func done(what string) ends { return ends{report.Healed: what} }

func (diagnose) examples() []string {
	return []string{"keymend diagnose web-prod", "keymend diagnose web-prod --apply --profile prod --region eu-west-1", "keymend diagnose web-prod --apply --yes --wait --timeout 10m"}
}

func (diagnose) ends() ends {
	e := ofGroups()
	e[report.Healed] += "; with --wait: it is in service"
	e[report.Fixable] += ", or the answer was no; with --wait: whether it launches isn't known yet"
	e[report.NotOurs] += "; with --wait: a launch failed since, Launch is suspended, or the group is gone"
	return e
}

// ofGroups is of commands that look at groups.
func ofGroups() ends {
	return ends{
		report.Healed:  "nothing to do, or healed",
		report.Fixable: "a fix is available, and was not applied",
		report.NotOurs: "broken and not Keymend's to fix, or refused",
	}
}

func (replay) examples() []string {
	return []string{"keymend replay event.json", "keymend replay - --output json < event.json"}
}

func (replay) ends() ends {
	e := ofGroups()
	e[report.Healed] = "nothing to do, healed, or an event that asks for nothing"
	return e
}

func (enroll) examples() []string {
	const key = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"
	return []string{"keymend enroll alias/platform-ebs", "keymend enroll " + key + " --for 444455556666"}
}

func (enroll) ends() ends {
	out := done("it says what the key's owner does; nothing was changed")
	out[report.Broke] = "there is no such key, AWS couldn't be asked which one it is, or Keymend failed"
	out[report.NotOurs] = "the key can't be enrolled: it says why"
	return out
}

func (doctorCmd) examples() []string {
	return []string{"keymend doctor", "keymend doctor --profile prod --region eu-west-1", "keymend doctor --output json"}
}

func (doctorCmd) ends() ends {
	return ends{
		report.Healed:  "all is well; or your credentials are, and Keymend isn't deployed here",
		report.Broke:   "AWS didn't take the credentials or didn't answer, or Keymend failed",
		report.Misused: "wrong usage",
		report.Fixable: "something isn't well, each with what mends it",
		report.NotOurs: "nothing that was seen is wrong, and something couldn't be seen",
	}
}

func (accessCmd) examples() []string {
	return []string{"keymend access < questions.jsonl > answers.jsonl"}
}

func (accessCmd) ends() ends {
	return ends{report.Healed: "every line has its answer", report.Broke: "a line couldn't be read, which its answer says; the others have theirs. Or Keymend failed"}
}

func (undo) examples() []string {
	return []string{"keymend undo r-1a2b3c4d5e6f7a8b", "keymend undo r-1a2b3c4d5e6f7a8b --apply"}
}

func (undo) ends() ends {
	return ends{
		report.Broke:   "it couldn't be taken back, which the screen or standard error explains",
		report.Healed:  "taken back, or there is nothing left to take back",
		report.Fixable: "it can be taken back, and wasn't: --apply is missing, or the answer was no; or a part is left for another account",
	}
}

func (grants) examples() []string { return []string{"keymend grants --output json"} }

func (grants) ends() ends { return done("they are listed") }

func (approve) examples() []string {
	return []string{"keymend approve r-1a2b3c4d5e6f7a8b --ticket CHG-4711"}
}

func (approve) ends() ends {
	return ends{report.Healed: "approved: the functions carry it out", report.Misused: "wrong usage; or it can't be approved, which standard error explains", report.Fixable: "not approved: the answer was no, or nobody could be asked"}
}

func (checkOrganization) examples() []string {
	return []string{"keymend check-organization --profile admin --hub-profile hub"}
}

func (checkOrganization) ends() ends {
	return ends{
		report.Healed:  "all is as the settings say",
		report.Broke:   "something couldn't be seen, or Keymend failed; with --before, of what isn't seen only a guard of consent counts",
		report.Misused: "wrong usage; or the settings are wrong, or have no organization",
		report.Fixable: "the hub's stacks aren't there yet",
		report.NotOurs: "something is wrong",
	}
}

func (coverageCmd) examples() []string {
	return []string{"keymend coverage --profile admin --hub-profile hub", "keymend coverage --unit ou-a1b2-c3d4e5f6 --sample 20 --output json"}
}

func (coverageCmd) ends() ends {
	return ends{
		report.Healed:  "all stands as the settings say",
		report.Broke:   "the organization couldn't be read, or Keymend failed",
		report.Misused: "wrong usage; or settings without an organization",
		report.Fixable: "there are holes, each with what mends it",
	}
}

func (sandboxed) examples() []string {
	return []string{"keymend sandbox", "keymend sandbox --scenario not-enrolled --listen 127.0.0.1:0"}
}

func (sandboxed) ends() ends { return done("it was interrupted") }

func (demoCmd) examples() []string { return []string{"keymend demo"} }

func (demoCmd) ends() ends {
	return ends{report.Healed: "the story went as told", report.Broke: "it didn't, or Keymend failed"}
}

func (version) examples() []string { return []string{"keymend version"} }

func (version) ends() ends { return done("it is printed") }
