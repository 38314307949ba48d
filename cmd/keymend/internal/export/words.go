package export

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"keymend/pkg/change/code"
	"keymend/pkg/quote"
)

// snake writes a name of AWS's API as Terraform does: AWSServiceName, aws_service_name.
func snake(name string) string {
	name = regexp.MustCompile(`(.)([A-Z][a-z]+)`).ReplaceAllString(name, "${1}_$2")
	name = regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(name, "${1}_$2")
	return strings.ToLower(name)
}

// kebab writes it as the AWS CLI does.
func kebab(name string) string { return strings.ReplaceAll(snake(name), "_", "-") }

// label tells a section's code from that of others: the same for the same change.
func (s Section) label() string {
	const length = 8
	sum := sha256.Sum256([]byte(strings.Join(append([]string{s.Account, s.Key, s.Code.Action}, s.To...), "\x00")))
	return hex.EncodeToString(sum[:])[:length]
}

// command is the AWS CLI's for a call.
func (c Changes) command(of code.Code) string {
	words := []string{"aws", of.Service, kebab(of.Action)}
	if slices.ContainsFunc(of.Arguments, func(a code.Argument) bool { return loads(a.Value) }) {
		return quote.Command(append(append(words, "--cli-input-json", string(parameters(of.Arguments))), c.Flags...)...)
	}
	for _, a := range of.Arguments {
		words = append(words, option("--"+kebab(a.Name), a.Value)...)
	}
	return quote.Command(append(words, c.Flags...)...)
}

// loads reports whether the CLI would take a text for the name of a file or page to load.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html
func loads(value any) bool {
	text, _ := value.(string)
	return regexp.MustCompile(`^(file|fileb|https?)://`).MatchString(text)
}

func option(name string, value any) []string {
	switch v := value.(type) {
	case string:
		if strings.HasPrefix(v, "-") { // else it would be taken for an option
			return []string{name + "=" + v}
		}
		return []string{name, v}
	case []string:
		return append([]string{name}, v...)
	case json.RawMessage:
		return []string{name, string(v)}
	}
	return []string{name} // a flag
}

// parameters are a call's arguments as AWS's API takes them.
func parameters(all code.Arguments) json.RawMessage {
	out := map[string]any{}
	for _, a := range all {
		out[a.Name] = a.Value
	}
	text, err := json.Marshal(out)
	if err != nil {
		return json.RawMessage("{}") // texts, flags, lists and JSON can always be written
	}
	return text
}

// sid is a statement's; "" = it has none.
func sid(statement string) string {
	var s struct{ Sid string }
	if json.Unmarshal([]byte(statement), &s) != nil {
		return ""
	}
	return s.Sid
}
