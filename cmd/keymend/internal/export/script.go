package export

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/quote"
)

// script writes a script for a POSIX shell, the same for everybody: each runs the parts
// of their own account. It may be run again.
func (c Changes) script() string {
	out := "#!/bin/sh\n" + c.head(CLI, c.how()...)
	for i := range c.Sections {
		out += c.about(i)
	}
	out += "\nset -eu\nexport AWS_PAGER=\n\n" + c.functions()
	for i, s := range c.Sections {
		out += fmt.Sprintf("\n# %d of %d\n", i+1, len(c.Sections)) + c.part(i+1, s)
	}
	return out + c.ending()
}

func (c Changes) how() []string {
	accounts := c.accounts()
	how := "Run it with credentials of account " + accounts[0] + ", as those of the AWS CLI: sh FILE"
	if c.Profile != "" && slices.Contains(accounts, c.Account) {
		how += "; AWS_PROFILE=" + quote.Word(c.Profile) + " reaches account " + c.Account
	}
	if len(accounts) > 1 {
		how += ". Then with those of account " + strings.Join(accounts[1:], ", then ") + ": each run does what is that account's"
	}
	return []string{how + ".", "A policy that somebody changed since is left as it is."}
}

func (c Changes) accounts() []string {
	var out []string
	for _, s := range c.Sections {
		if !slices.Contains(out, s.Account) {
			out = append(out, s.Account)
		}
	}
	return out
}

// functions are the script's own, and the policies.
func (c Changes) functions() string {
	out := "account=$(" + c.aws("sts", "get-caller-identity", "--query", "Account", "--output", "text") + `)
mine=
left=

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# of ACCOUNT: are the credentials that account's?
of() {
  if [ "$account" = "$1" ]; then mine=yes; return 0; fi
  case " $left " in *" $1 "*) ;; *) left="$left $1" ;; esac
  return 1
}
`
	merges := false
	for i, s := range c.Sections {
		p := s.Code.Policy
		if p == nil {
			continue
		}
		if !merges {
			out, merges = out+merging, true
		}
		out += "\n" + prints(fmt.Sprintf("statements_%d", i+1), "["+strings.Join(p.Statements, ",\n")+"]")
		if p.After != "" {
			out += "\n" + prints(fmt.Sprintf("before_%d", i+1), p.Before) + "\n" + prints(fmt.Sprintf("after_%d", i+1), p.After)
		}
	}
	return out
}

// merging prints a policy with more statements, or a word where it has them, written in any
// way: KMS may write them otherwise.
const merging = `
# merged POLICY STATEMENTS: the policy with the statements; "same" where it has them
merged() { python3 -c '
import json, sys
def flat(v):
    if isinstance(v, dict): return {k: flat(x) for k, x in v.items()}
    if isinstance(v, list): return flat(v[0]) if len(v) == 1 else sorted(map(flat, v), key=str)
    return str(v).lower() if isinstance(v, bool) else v
policy, ours = json.loads(sys.argv[1]), json.loads(sys.argv[2])
have = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
new = [s for s in ours if flat(s) not in map(flat, have)]
for s in new:
    if s["Sid"] in [h.get("Sid") for h in have]: sys.exit("The policy has another statement " + s["Sid"] + ".")
policy["Statement"] = have + new
print(json.dumps(policy) if new else "same")
' "$1" "$2"; }
`

func (c Changes) aws(words ...string) string {
	return quote.Command(slices.Concat([]string{"aws"}, words, c.Flags)...)
}

// prints is a function that prints a text. A here-document takes what a terminal shows as
// it is; printf the rest.
func prints(name, text string) string {
	if quote.Text(text) != text {
		return name + "() { printf '" + octal(text) + "\\n'; }\n"
	}
	end := "END"
	for slices.Contains(strings.Split(text, "\n"), end) {
		end += "_"
	}
	return name + "() { cat <<'" + end + "'\n" + text + "\n" + end + "\n}\n"
}

func octal(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		if b > ' ' && b <= '~' && !strings.ContainsRune(`%\'`, rune(b)) || b == ' ' {
			out.WriteByte(b)
			continue
		}
		fmt.Fprintf(&out, `\%03o`, b)
	}
	return out.String()
}

// part is what one section does.
func (c Changes) part(n int, s Section) string {
	var do string
	switch p := s.Code.Policy; {
	case p != nil && p.After != "":
		do = c.replace(n, s)
	case p != nil:
		do = c.merge(n, s)
	case s.Code.Action == "":
		return "# " + quote.Line(s.Does) + ": nothing can be written down for this beforehand.\n"
	default:
		do = c.call(s)
	}
	return "if of " + quote.Word(s.Account) + "; then\n" + do + "fi\n"
}

func (c Changes) call(s Section) string {
	if s.Code.Probe == nil {
		return "  " + c.command(s.Code) + "\n"
	}
	// Other services know a new role some seconds later.
	return "  " + quote.Command(append(slices.Clone(s.Code.Probe), c.Flags...)...) + " >/dev/null 2>&1 || {\n    " + c.command(s.Code) + "\n    sleep 15 # until other services know it\n  }\n"
}

// policy is the command that reads or writes the policy of the section's key.
func (c Changes) policy(s Section, action string, more ...string) string {
	return c.aws(slices.Concat([]string{"kms", action}, option("--key-id", s.Key), []string{"--policy-name", "default"}, more)...)
}

func (c Changes) read(s Section) string {
	return "  now=$(" + c.policy(s, "get-key-policy", "--query", "Policy", "--output", "text") + ")\n"
}

func (c Changes) write(s Section, policy string) string {
	return c.policy(s, "put-key-policy") + ` --policy "` + policy + "\"\n"
}

// replace writes the whole policy, where it is still the one that was read.
func (c Changes) replace(n int, s Section) string {
	return c.read(s) + fmt.Sprintf(`  if [ "$now" = "$(before_%d)" ]; then
    %s  elif [ "$(merged "$now" "$(statements_%d)")" = same ]; then
    say %s
  else
    fail %s
  fi
`, n, c.write(s, fmt.Sprintf("$(after_%d)", n)), n, quote.Word("The policy of "+s.Key+" has it already."),
		quote.Word("The policy of "+s.Key+" was changed since this was written. Nothing was overwritten: run keymend export again."))
}

// merge adds the statements to the policy as it is by then: nobody could read it before.
func (c Changes) merge(n int, s Section) string {
	return c.read(s) + fmt.Sprintf(`  after=$(merged "$now" "$(statements_%d)") || fail %s
  if [ "$after" = same ]; then
    say %s
  else
    %s  fi
`, n, quote.Word("Nothing was written: add the statements to the policy of "+s.Key+" by hand."), quote.Word("The policy of "+s.Key+" has it already."), c.write(s, "$after"))
}

func (c Changes) ending() string {
	return `
[ -n "$mine" ] || fail "These credentials are of account $account; what is to be done is for account$left."
if [ -n "$left" ]; then say "Done for account $account. Left: the same with credentials of account$left."; exit 0; fi
say ` + quote.Word("Done. To see whether the group launches: "+c.Look) + "\n"
}
