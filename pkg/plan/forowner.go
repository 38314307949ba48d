package plan

import (
	"fmt"
	"strings"

	"keymend/pkg/kind/statements"
	"keymend/pkg/settings"
	"keymend/pkg/tag"
)

// ForOwner is what the owner of a key does by hand, and, of another account's key, what
// someone of the group's account does then, if Keymend doesn't.
type ForOwner struct {
	Account    string   `json:"account"`              // of the key
	Statements []string `json:"statements,omitempty"` // to be added to the key policy, JSON, as Keymend would write them
	Command    string   `json:"command,omitempty"`    // creates the grant, in the group's account; "" = the key is that account's
	// Let are the statements, JSON, by which Keymend itself may see the key, and open it.
	Let []string `json:"let,omitempty"`
}

// forOwner is what there is to do by hand where a key is another account's.
func (f Finding) forOwner(o Options, half Half, edit statements.Add) *ForOwner {
	create := f.Grant(o)
	if f.Facts.Key.ARN == f.hiddenKey(f.KeyAccount()) { // Keymend's names are made of the key's
		create.Name = ""
	}
	owner := &ForOwner{Account: f.KeyAccount(), Command: f.createGrant(create)}
	if half == HalfMissing || half == HalfUnknown {
		owner.Statements = edit.Added
	}
	return owner
}

// String says it in words, with the statements as they are to be added.
func (o ForOwner) String() string {
	if o.Command == "" {
		return o.keepers()
	}
	text := ""
	if len(o.Statements) > 0 {
		text = "1. Account " + o.Account + ", the key's owner, adds to the key policy: " + strings.Join(o.Statements, ",") + " 2. "
	}
	return text + "Then Keymend creates the grant at the group's next failure, where it may, or someone of the group's account runs: " + o.Command
}

// toKeeper adds what the keeper of an own key's policy does: the two statements for the
// group, or those by which Keymend adds them itself.
func (f Finding) toKeeper(o Options, p *Plan) {
	if statements := f.twoStatements(); f.OwnKey() && len(statements) > 0 {
		p.ForOwner = &ForOwner{Account: f.Account, Statements: statements, Let: f.let(o)}
		p.NoFix.Remedy = p.ForOwner.String()
	}
}

// let are the statements by which Keymend may see an own key, and open it.
func (f Finding) let(o Options) []string {
	read, write := []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants", "kms:ListResourceTags"}, "kms:PutKeyPolicy"
	writer, role := o.Writer.ARN, o.RetiringRole != ""
	if o.OwnKey == settings.OwnKeyGrant {
		writer, write = o.Granter.ARN, "kms:CreateGrant"
	}
	if o.Reader.ARN == "" || writer == "" {
		return nil
	}
	if !role {
		return []string{allow("LetSeeAndOpen", o.Reader.ARN, "", append(read, write)...)}
	}
	condition := fmt.Sprintf(`,"Condition":{"StringLike":{"aws:ResourceTag/%s":["%s"]}}`, tag.Keymend, strings.Join(tag.Enrolments(), `","`))
	return []string{allow("LetKeymendSee", o.Reader.ARN, "", read...), allow("LetKeymendOpen", writer, condition, write)}
}

func allow(sid, principal, condition string, actions ...string) string {
	return fmt.Sprintf(`{"Sid":%q,"Effect":"Allow","Principal":{"AWS":%q},"Action":["%s"],"Resource":"*"%s}`, sid, principal, strings.Join(actions, `","`), condition)
}

// keepers says it in words, of a key of the group's own account.
func (o ForOwner) keepers() string {
	text := "Whoever keeps the key's policy adds to it, for the group: " + strings.Join(o.Statements, ",")
	if len(o.Let) > 0 {
		text += " Or, so that Keymend can see the key and open it: " + strings.Join(o.Let, ",")
	}
	return text
}
