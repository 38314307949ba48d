package record

import (
	"bytes"
	"cmp"
	"encoding/json"

	"github.com/tidwall/gjson"

	"keymend/pkg/arn"
	"keymend/pkg/change"
)

// schema1 is the version before Schema. Its logs are read as long as they are kept.
const schema1 = "keymend.audit/1"

// A record1 is what schema1 has in other places: the steps are the plan's, and an
// undo is an object whose one member names its kind, or a list of such objects.
type record1 struct {
	Principal string `json:"principal"`
	Key       string `json:"key"`
	Plan      struct {
		Steps change.Steps `json:"steps"`
	} `json:"plan"`
	Sessions []change.Call   `json:"sessions"` // all of them are calls on the key
	Undo     json.RawMessage `json:"undo"`
}

// parse1 reads a line of schema1.
func parse1(line []byte) (Record, error) {
	var was record1
	if err := json.Unmarshal(line, &was); err != nil {
		return Record{}, err
	}
	var rest map[string]json.RawMessage
	if err := json.Unmarshal(line, &rest); err != nil {
		return Record{}, err
	}
	delete(rest, "undo")
	text, err := json.Marshal(rest)
	if err != nil {
		return Record{}, err
	}
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		return r, err
	}
	r.Steps = Steps(was.Plan.Steps)
	for _, s := range was.Sessions {
		r.Writes = append(r.Writes, change.Call{Account: s.Account, Action: s.Action, Target: was.Key})
	}
	r.Undo, err = was.undo()
	return r, err
}

// undo returns what takes the change back, as steps.
func (o record1) undo() (Steps, error) {
	list := []json.RawMessage{o.Undo}
	switch {
	case len(o.Undo) == 0 || string(o.Undo) == "null":
		return nil, nil
	case isList(o.Undo):
		if err := json.Unmarshal(o.Undo, &list); err != nil {
			return nil, err
		}
	}
	var out Steps
	for _, text := range list {
		step := o.back(text)
		name, _ := step["type"].(string)
		text, err := marshal(step)
		if err != nil {
			return nil, err
		}
		out = append(out, change.Unread{Name: name, Text: text})
	}
	return out, nil
}

// back is one step of an undo. What it can't be read as is a step of no kind.
func (o record1) back(text []byte) map[string]any {
	var members map[string]map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&members) != nil || len(members) != 1 {
		return map[string]any{"type": ""}
	}
	out := map[string]any{}
	for name, of := range members {
		out = of
		switch name {
		case "revokeGrant", "retireGrant":
			out = map[string]any{"grantId": of["grantId"], "grant": o.grant(of)}
		case "restoreRole":
			out = map[string]any{"group": of["group"], "name": of["name"], "before": of["ours"], "after": of["role"]}
		}
		if out == nil {
			out = map[string]any{}
		}
		out["type"] = cmp.Or(kinds1()[name], name)
	}
	return out
}

// kinds1 are the kinds of step that schema1 names otherwise in an undo.
func kinds1() map[string]string {
	return map[string]string{
		"removeStatements": "RemoveStatements",
		"revokeGrant":      "RevokeGrant", "retireGrant": "RetireGrant", "createGrant": "CreateGrant",
		"deleteRole": "DeleteServiceLinkedRole", "restoreRole": "UpdateGroup",
		"removeCopy": "RemoveCopy", "setDefaultVersion": "SetDefaultVersion", "deleteTemplateVersion": "DeleteTemplateVersion",
	}
}

// grant is the one that an undo ends. schema1 names its key, and of another account's
// key its name, who retires it and the account that issued it; the rest the plan has.
// Where that was cut, the grantee is the record's principal, by whom KMS finds the
// grant.
func (o record1) grant(of map[string]any) any {
	key, _ := of["key"].(string)
	name, _ := of["name"].(string)
	for _, step := range o.Plan.Steps {
		u, ok := step.(change.Unread)
		if !ok || u.Name != "CreateGrant" || gjson.GetBytes(u.Text, "key").String() != key {
			continue
		}
		if name == "" || gjson.GetBytes(u.Text, "name").String() == name {
			return u.Text
		}
	}
	grantee := o.Principal
	if issuer, ok := of["issuer"].(string); ok && issuer != arn.Account(grantee) {
		grantee = arn.Root(arn.Partition(key), issuer)
	}
	return map[string]any{"key": key, "name": name, "retiring": of["retiring"], "principal": grantee}
}
