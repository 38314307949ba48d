package export

import (
	"encoding/json"

	"keymend/pkg/change"
	"keymend/pkg/change/code"
)

// A Section is one change, by someone of one account.
type Section struct {
	Account    string // whose credentials it takes
	Does       string // in words
	Key, Alias string // "" = it is about no key
	To         []string
	Why, Notes []string
	Code       code.Code
}

// Of is a step as it is exported; what it is for, the caller adds.
func Of(step change.Step) Section {
	words, claim, at := step.Words(), step.Claim(), step.At()
	out := Section{Account: at.Account, Does: words.What, Key: at.Key}
	if words.Which != "" {
		out.Does += " (" + words.Which + ")"
	}
	if claim.Principal != "" && claim.Consent == change.KeyOwner {
		out.To = []string{claim.Principal}
	}
	if words.Why != "" {
		out.Notes = []string{words.Why}
	}
	if c, ok := step.(code.Coder); ok {
		out.Code = c.Code()
	}
	return out
}

// Writable reports whether any of it can be written down.
func (c Changes) Writable() bool {
	for _, s := range c.Sections {
		if s.Code.Action != "" {
			return true
		}
	}
	return false
}

// Statements are those of the change, as JSON; none where it isn't a policy's.
func (s Section) Statements() []json.RawMessage {
	if s.Code.Policy == nil {
		return nil
	}
	return Raw(s.Code.Policy.Statements)
}

// Raw are texts that are JSON, as it is written.
func Raw(texts []string) []json.RawMessage {
	out := make([]json.RawMessage, len(texts))
	for i, text := range texts {
		out[i] = json.RawMessage(text)
	}
	return out
}
