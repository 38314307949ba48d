package export

import (
	"encoding/json"
	"fmt"
	"slices"

	"keymend/pkg/change/code"
)

// Schema is the version of what JSON holds.
const Schema = "keymend.export/1"

type document1 struct {
	Schema      string     `json:"schema"`
	Version     string     `json:"version"`
	Remediation string     `json:"remediation,omitempty"`
	Group       string     `json:"group"`
	Account     string     `json:"account"`
	Region      string     `json:"region"`
	Changes     []section1 `json:"changes"`
}

type section1 struct {
	Account    string            `json:"account"`
	Does       string            `json:"does"`
	Key        string            `json:"key,omitempty"`
	Alias      string            `json:"alias,omitempty"`
	To         []string          `json:"to,omitempty"`
	Why        []string          `json:"why,omitempty"`
	Risk       []string          `json:"risk,omitempty"`
	Notes      []string          `json:"notes,omitempty"`
	Statements []json.RawMessage `json:"statements,omitempty"`
	Before     string            `json:"before,omitempty"`
	Call       *call1            `json:"call,omitempty"`
}

type call1 struct {
	Service    string          `json:"service"`
	Action     string          `json:"action"`
	Parameters json.RawMessage `json:"parameters"`
}

// json writes one object on one line.
func (c Changes) json() (string, error) {
	out := document1{Schema: Schema, Version: c.Version, Remediation: c.Of, Group: c.Group, Account: c.Account, Region: c.Region}
	for _, s := range c.Sections {
		_, risks := s.opens()
		one := section1{Account: s.Account, Does: s.Does, Key: s.Key, Alias: s.Alias, Why: s.Why, Risk: risks, Notes: s.Notes, Statements: s.Statements()}
		if s.Key != "" {
			one.To = s.To
		}
		arguments := s.Code.Arguments
		if p := s.Code.Policy; p != nil {
			one.Before = p.Before
			arguments = append(slices.Clip(arguments), code.Argument{Name: "Policy", Value: p.After})
		}
		if s.Code.Action != "" && (s.Code.Policy == nil || s.Code.Policy.After != "") {
			one.Call = &call1{s.Code.Service, s.Code.Action, parameters(arguments)}
		}
		out.Changes = append(out.Changes, one)
	}
	text, err := json.Marshal(out)
	if err != nil {
		return "", fmt.Errorf("write export: %w", err)
	}
	return visible(string(text)) + "\n", nil
}
