package report

import (
	"slices"
	"strings"
)

// notSeen says briefly what couldn't be read; the record has AWS's words. An account
// that can't be read at all is named once.
func notSeen(texts []string) []string {
	var out []string
	for _, text := range texts {
		if _, whole, ok := strings.Cut(text, "the key policy: "); ok && slices.Contains(texts, whole) {
			continue // it stands by itself
		}
		out = append(out, briefly(text))
	}
	return out
}

const otherAccount = "the credentials are of another account: the credentials are of account "

// briefly says in few words who can't read an account, and what AWS refused.
func briefly(text string) string {
	const unread = " can't be read from here: read account "
	account, why, whole := strings.Cut(text, unread)
	switch {
	case whole && strings.HasSuffix(why, ": the setting accounts doesn't name it"):
		return account + " isn't named by --accounts, so its key policy and tags weren't read"
	case whole && strings.Contains(why, otherAccount):
		_, why, _ = strings.Cut(why, otherAccount)
		own, _, _ := strings.Cut(why, ",")
		return account + " can't be read with these credentials, which are of account " + own + ": its key policy and tags weren't read"
	}
	return shortRefusal(foreignCredentials(text))
}

// foreignCredentials shortens what is said of credentials of another account.
func foreignCredentials(text string) string {
	before, rest, ok := strings.Cut(text, otherAccount)
	own, rest, there := strings.Cut(rest, ", ")
	_, after, ends := strings.Cut(rest, "use that account's credentials")
	if !ok || !there || !ends {
		return text
	}
	if at := strings.LastIndex(before, "read account "); at >= 0 {
		before = before[:at]
	}
	return before + "these credentials are of account " + own + after
}

// shortRefusal shortens KMS's words about a key of another account.
func shortRefusal(text string) string {
	const ends = "a resource-based policy explicitly denies access"
	before, rest, ok := strings.Cut(text, "User: ")
	said, after, unclear := strings.Cut(rest, ends)
	if !ok || !unclear || strings.Contains(said, "; ") {
		return text
	}
	return before + "its policy doesn't allow it, or there is no such key" + after
}
