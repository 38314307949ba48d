package report

import (
	"bytes"
	"encoding/json"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
)

// owners says who does what, and in which order, where a key's owner or keeper has a part
// in it.
func (g Group) owners(p *screen.Page, k Key) {
	switch of := planOf(k.Finding).ForOwner; {
	case of == nil:
	case of.Command == "":
		g.keeper(p, *of)
	default:
		g.twoAccounts(p, k, *of)
	}
}

// twoAccounts shows both halves of the fix for another account's key: how each stands,
// who does it, and how.
func (g Group) twoAccounts(p *screen.Page, k Key, owner plan.ForOwner) {
	of, account := planOf(k.Finding), k.Finding.Account
	label := "do"
	if k.Finding.Key == "" {
		g.tellsKey(p, len(k.Finding.Run) > 0)
	}
	if k.Finding.Key == "" || len(of.Steps) > 0 && !g.Asked {
		p.Row(screen.Bold, "or", "by hand, one account after the other:")
		label = ""
	}
	const number = 3
	p.Beside(screen.Bold, label, "1.", number, "account "+owner.Account+", the key's owner, "+halfWords(of.Half, account))
	if len(owner.Statements) > 0 {
		g.code(p, "", indented(owner.Statements))
	}
	if k.Finding.Key == "" {
		g.hidden(p, owner)
		return
	}
	p.Beside(screen.Bold, "", "2.", number, "account "+account+": "+k.grantWords())
	p.Whole(screen.Bold, "", g.Place.AWS(quote.Task{Account: account, Command: owner.Command}))
}

// halfWords says how the key policy stands, which has to let an account make the grant,
// and what its owner does.
func halfWords(h plan.Half, account string) string {
	return map[plan.Half]string{
		plan.HalfMissing: "adds statements to the key policy, which doesn't let account " + account + " create the grant yet:",
		plan.HalfGiven:   "has nothing to do: the key policy lets account " + account + " create the grant",
		plan.HalfOpen:    "has nothing to do: the key policy lets account " + account + " create the grant, by a statement that wasn't written for it",
		plan.HalfUnknown: "looks whether the key policy lets account " + account + " create the grant, which can't be told from here; if not, adds statements to it:",
	}[h]
}

// grantWords says how the grant stands, and who makes it.
func (k Key) grantWords() string {
	const by = "a deployed Keymend creates it when the group next fails, or someone runs:"
	switch {
	case k.noFix().Reason == plan.NotKnown:
		return "the grant stands; this creates it again, if need be:"
	case planOf(k.Finding).Half == plan.HalfMissing:
		return "the grant is missing, and comes after that: " + by
	}
	return "the grant is missing: " + by
}

// keeper shows what the keeper of an own key's policy does, where that keeps Keymend out.
// Either of two things is enough.
func (g Group) keeper(p *screen.Page, by plan.ForOwner) {
	p.Row(screen.Bold, "do", "whoever keeps the key's policy adds statements to it that let the group use the key:")
	g.code(p, "", indented(by.Statements))
	if len(by.Let) > 0 {
		p.Row(screen.Bold, "or", "statements that let Keymend see the key, and open it:")
		g.letIn(p, by.Let)
	}
}

// letIn shows statements that only this screen has.
func (g Group) letIn(p *screen.Page, statements []string) {
	if g.ShowPolicy {
		p.Raw(indented(statements))
		return
	}
	p.Whole(screen.Bold, "", g.look("--show-policy"))
}

// hidden shows what comes after the owner's half where even the key's name is out of
// sight.
func (g Group) hidden(p *screen.Page, by plan.ForOwner) {
	p.Beside(screen.Bold, "", "2.", len("2. "), "account "+g.Head.Account+": whether the grant stands can't be told from here. Ask account "+by.Account+" for the key's id, put it in the place of KEY, and run:")
	p.Whole(screen.Bold, "", g.Place.AWS(quote.Task{Account: g.Head.Account, Command: by.Command}))
}

// tellsKey shows how Keymend looks at a key that is out of sight; that its owner tells
// it may stand above.
func (g Group) tellsKey(p *screen.Page, above bool) {
	label, text := "do", "Have Keymend look at that key, by the ARN that its owner tells:"
	if above {
		label, text = "", "then have Keymend look at the key that this prints:"
	}
	p.Row(screen.Bold, label, text)
	p.Whole(screen.Bold, "", g.look("--key=ARN"))
}

// indented are statements as a list, as one reads it; those that aren't JSON as they are.
func indented(statements []string) string {
	list := "[" + strings.Join(statements, ",") + "]"
	var text bytes.Buffer
	if err := json.Indent(&text, []byte(list), "", "  "); err != nil {
		return list
	}
	return text.String()
}
