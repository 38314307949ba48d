package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"keymend/cmd/keymend/internal/report"
)

type completion struct {
	Shell string `arg:"" help:"bash, zsh or fish." enum:"bash,zsh,fish"`
}

func (completion) about() about {
	return about{
		says: "The shell asks keymend itself, which asks nobody: no call goes to AWS. To have it in every shell:\n\n" +
			"    bash: echo 'source <(keymend completion bash)' >> ~/.bashrc\n" +
			"    zsh:  echo 'source <(keymend completion zsh)' >> ~/.zshrc\n" +
			"    fish: keymend completion fish > ~/.config/fish/completions/keymend.fish\n\n" +
			"In zsh the line goes below the one that calls compinit.",
		examples: []string{"keymend completion bash", "keymend completion fish"},
		ends:     done("it is printed"),
	}
}

// toComplete is the hidden command by which a shell asks; the words that were typed
// follow, the last of them being completed. It prints a candidate a line, with what it
// means after a tab. No line: the shell completes names of files.
const toComplete = "__complete"

// Run prints the script of a shell.
func (c completion) Run(p *program) error {
	if p.json() {
		return misused("what a shell reads is no JSON: leave --output json out")
	}
	script := map[string]string{
		"bash": `# What it offers is on whole lines, and a tab ends each candidate.
_keymend() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("${line%%$'\t'*}")
  done < <("$1" ` + toComplete + ` "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _keymend keymend
`,
		"zsh": `#compdef keymend
_keymend() {
  local -a lines names
  lines=("${(@f)$("$words[1]" ` + toComplete + ` "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  lines=(${lines:#})
  if (( ! $#lines )); then _files; return; fi
  names=(${lines%%$'\t'*})
  lines=("${(@)lines/$'\t'/  }")
  compadd -l -d lines -a names
}
compdef _keymend keymend
`,
		"fish": `function __keymend_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines ($words[1] ` + toComplete + ` $words[2..-1] 2>/dev/null)
  if test (count $lines) -gt 0
    printf '%s\n' $lines
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c keymend -f -a '(__keymend_complete)'
`,
	}[c.Shell]
	if _, err := fmt.Fprint(p.Out, script); err != nil {
		return fmt.Errorf("write script: %w", err)
	}
	return nil
}

// complete answers a shell.
func (s Surroundings) complete(k *kong.Kong, words []string) int {
	for _, line := range candidates(k, words) {
		if _, err := fmt.Fprintln(s.Out, line); err != nil {
			return int(report.Broke)
		}
	}
	return int(report.Healed)
}

// A typing is what stands before the word that is completed.
type typing struct {
	node *kong.Node // the command, or the program
	flag string     // whose value the word is; "" = no flag's
}

// after takes a whole word in.
func (t typing) after(root *kong.Node, word string) typing {
	_, _, assigned := strings.Cut(word, "=")
	switch {
	case word == "=":
	case strings.HasPrefix(word, "-"):
		t.flag = ""
		if !assigned && takesValue(t.node, word) {
			t.flag = word
		}
	case t.flag != "":
		t.flag = ""
	case t.node.Type == kong.ApplicationNode:
		t.node = child(root, word)
	}
	return t
}

// candidates are what may stand in the place of the last word. bash has = as a word of
// its own.
func candidates(k *kong.Kong, words []string) []string {
	at, last := typing{node: k.Model.Node}, ""
	for i, word := range words {
		if i < len(words)-1 {
			at = at.after(k.Model.Node, word)
		} else if word != "=" {
			last = word
		}
	}
	name, value, assigned := strings.Cut(last, "=")
	switch {
	case assigned && at.flag == "":
		return prefixed(name+"=", values(at.node, name), value)
	case at.flag != "":
		return prefixed("", values(at.node, at.flag), last)
	case strings.HasPrefix(last, "-"):
		return prefixed("", flagsOf(at.node), last)
	case at.node.Type == kong.ApplicationNode || at.node.Name == "help":
		return prefixed("", commandsOf(k), last)
	case len(at.node.Positional) > 0 && at.node.Positional[0].Enum != "":
		return prefixed("", at.node.Positional[0].EnumSlice(), last)
	}
	return nil
}

func prefixed(before string, all []string, typed string) []string {
	var out []string
	for _, one := range all {
		if strings.HasPrefix(one, typed) && one != "" {
			out = append(out, before+one)
		}
	}
	return out
}

// child returns the command of a name, or one of nothing.
func child(of *kong.Node, name string) *kong.Node {
	i := slices.IndexFunc(of.Children, func(n *kong.Node) bool { return n.Name == name })
	if i < 0 {
		return &kong.Node{Type: kong.CommandNode}
	}
	return of.Children[i]
}

func commandsOf(k *kong.Kong) []string {
	var out []string
	for _, node := range k.Model.Leaves(true) {
		out = append(out, node.Name+"\t"+node.Help)
	}
	return out
}

func flagsOf(node *kong.Node) []string {
	var out []string
	for _, flag := range slices.Concat(node.AllFlags(true)...) {
		help, _, _ := strings.Cut(flag.Help, ". ")
		out = append(out, "--"+flag.Name+"\t"+help)
	}
	return out
}

func flagOf(node *kong.Node, word string) *kong.Flag {
	for _, flag := range slices.Concat(node.AllFlags(true)...) {
		if "--"+flag.Name == word {
			return flag
		}
	}
	return nil
}

func takesValue(node *kong.Node, word string) bool {
	flag := flagOf(node, word)
	return flag != nil && !flag.IsBool()
}

// values returns what a flag may be; none where that isn't known beforehand.
func values(node *kong.Node, word string) []string {
	flag := flagOf(node, word)
	switch {
	case flag == nil:
		return nil
	case flag.Enum != "":
		return flag.EnumSlice()
	}
	return bySettingFlag()[flag.Name].Choices
}
