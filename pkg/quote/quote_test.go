package quote_test

import (
	"os/exec"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"keymend/pkg/quote"
)

// hostile are names that take a shell or a terminal apart.
func hostile() []string {
	return []string{
		"web", "", " ", "web;touch${IFS}x;#", "$(touch x)", "`touch x`", "it's", `"`, `\`, "-rf", "--apply", "a b", "~", "*", "%s", "%%n", "!!",
		"a\x1b[2Jb", "-a\x1b", "a\nFIXED     b", "a\r\nb", "\n", "a\x00"[:1], "a\u202eb", "\u200b", "\u0085", "\u2028", "\x80\xff", "é", "日本", "\U000e0041", "web\x7f",
	}
}

// TestWord: a shell reads back exactly what was quoted.
func TestWord(t *testing.T) {
	t.Parallel()
	for _, text := range hostile() {
		if strings.HasSuffix(text, "\n") {
			continue
		}
		word := quote.Word(text)
		got, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+word).Output()
		if err != nil || string(got) != text {
			t.Errorf("%q is quoted as %s, which a shell reads as %q: %v", text, word, got, err)
		}
		if quote.Line(word) != word || strings.Contains(word, "`") && !strings.Contains(text, "`") {
			t.Errorf("%s isn't shown as it is, but as %s", word, quote.Line(word))
		}
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	if got, want := quote.Command("keymend", "diagnose", "--", "-x;y", "arn:aws:kms:eu-west-1:1:key/2"), `keymend diagnose -- '-x;y' arn:aws:kms:eu-west-1:1:key/2`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := quote.Word("a\x1b%b"), `"$(printf 'a\033\045b')"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A name that ends in a line break must not be taken for the one without.
func TestWordOfATrailingLineBreak(t *testing.T) {
	t.Parallel()
	got, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quote.Line(quote.Word("web\n"))).Output()
	if err != nil || string(got) != `web\n` {
		t.Errorf("a shell reads %q: %v", got, err)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain, é 日本": "plain, é 日本", "\x1b[2J": `\x1b[2J`, "a\rb\tc": `a\x0db\x09c`, "a\u202eb": `a\u202eb`, "\x9b": `\x9b`, "\u009b": `\u009b`,
		"\U000e0041": `\U000e0041`, "a\nb": "a\nb", "\ufffd": "\ufffd",
	} {
		if got := quote.Text(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	if got := quote.Line("a\nb"); got != `a\nb` {
		t.Error(got)
	}
}

// FuzzText: nothing that a terminal would act on gets through, whatever the text.
func FuzzText(f *testing.F) {
	for _, text := range hostile() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		shown := quote.Line(text)
		if !utf8.ValidString(shown) || strings.ContainsFunc(shown, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q is shown as %q", text, shown)
		}
		if word := quote.Word(text); !strings.HasSuffix(text, "\n") && quote.Line(word) != word {
			t.Errorf("%q is quoted as %q, which is shown as %q", text, word, quote.Line(word))
		}
	})
}
