package endtoend_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"keymend/pkg/permission"
)

// A sitting is a person at a terminal, through Keymend's roles, and all that they
// typed and read.
type sitting struct {
	*copies
	environment []string
	file        string // the audit records
	read        strings.Builder
}

func newSitting(t *testing.T, tags map[string]string) *sitting {
	t.Helper()
	s := &sitting{copies: newCopies(t, tags, with("Mode", "observe"), edited(letTestsIn), unwatched), file: filepath.Join(t.TempDir(), "keymend-audit.jsonl")}
	as, err := s.assume(s.cfg, permission.Remediate, "test", "").Credentials.Retrieve(t.Context())
	must(t, err)
	s.environment = []string{
		"AWS_ACCESS_KEY_ID=" + as.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + as.SecretAccessKey, "AWS_SESSION_TOKEN=" + as.SessionToken,
		"KEYMEND_ROLE_PREFIX=keymend-", "KEYMEND_ACCOUNTS=" + owner, "KEYMEND_FOREIGN_KEY=copy", "KEYMEND_COPY_KEY=alias/copies",
	}
	return s
}

// types types a command.
func (s *sitting) types(args ...string) {
	s.t.Helper()
	code, text := s.run(account, s.environment, args...)
	fmt.Fprintf(&s.read, "$ keymend %s\n%sexit code %d\n\n", strings.Join(args, " "), text, code)
}

func (s *sitting) heals() {
	s.t.Helper()
	s.types("diagnose", "web-prod", "--apply", "--audit-file", s.file)
}

// takesBack undoes all but the first change: through the roles, as the diagnosis
// was, and with the person's own credentials.
func (s *sitting) takesBack() {
	s.t.Helper()
	ids := regexp.MustCompile(`keymend undo (r-[0-9a-f]+) --file`).FindAllStringSubmatch(s.read.String(), -1)
	for i := len(ids) - 1; i > 0; i-- {
		s.types("undo", ids[i][1], "--file", s.file)
		s.types("undo", ids[i][1], "--file", s.file, "--apply")
	}
	s.environment = []string{"AWS_ACCESS_KEY_ID=" + account}
	fmt.Fprintf(&s.read, "  (as the account's administrator)\n\n")
	for i := len(ids) - 1; i > 0; i-- {
		s.types("undo", ids[i][1], "--file", s.file, "--apply")
	}
}

// passes lets time pass.
func (s *sitting) passes(d time.Duration, what string) {
	s.box.Advance(d)
	fmt.Fprintf(&s.read, "  (%s)\n\n", what)
}

// TestCopiesAtATerminal holds what a person reads on the way to a copy, by the
// version that the group names.
func TestCopiesAtATerminal(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tags    map[string]string
		version string
	}{
		"latest": {copyable, "$Latest"}, "default": {copyable, "$Default"}, "number": {copyable, "1"},
		"no-consent": {map[string]string{"keymend": "remediate"}, "$Latest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSitting(t, tc.tags)
			s.group("web-prod", s.mappedTemplate("web", s.image), tc.version)
			s.box.Advance(3 * time.Minute)
			s.types("diagnose", "web-prod")
			s.heals()
			if name != "no-consent" {
				s.heals()
				s.passes(10*time.Minute, "EC2 copies")
				s.types("diagnose", "web-prod")
				s.heals()
			}
			if name == "latest" || name == "default" {
				s.passes(10*time.Minute, "the group tries again")
				s.heals()
				s.passes(10*time.Minute, "the group tries again")
				s.types("diagnose", "web-prod")
				s.takesBack()
			}
			s.wantSaid(filepath.Join("copies", name), plain(regexp.MustCompile(`(--(audit-)?file |records of |line of )\S+/`).ReplaceAllString(s.read.String(), "$1")))
		})
	}
}

// A person with credentials of their own copies what AWS lets them copy, though
// nothing of the owner's account can be read from here, and no setting names it:
// what can't be seen isn't a no. What AWS refuses stays refused, and is said.
func TestAPersonCopiesThemselves(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		policy string // of the owner's key
		copied int
	}{
		"self": {openTo(owner, account), 1}, "self-refused": {ownerPolicy(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &sitting{copies: newCopies(t, copyable, with("Mode", "observe"), unwatched), file: filepath.Join(t.TempDir(), "keymend-audit.jsonl")}
			s.there.putPolicy(s.theirs, tc.policy)
			s.group("web-prod", s.mappedTemplate("web", s.image), "$Latest")
			s.box.Advance(3 * time.Minute)
			s.types("diagnose", "web-prod", "--copy-key", "alias/copies")
			for range 2 + 2*tc.copied {
				s.types("diagnose", "web-prod", "--copy-key", "alias/copies", "--apply", "--audit-file", s.file)
				s.passes(10*time.Minute, "the group tries again")
			}
			s.types("diagnose", "web-prod", "--copy-key", "alias/copies")
			if images, _ := s.own(); len(images) != tc.copied {
				t.Errorf("%d copies, want %d", len(images), tc.copied)
			}
			s.wantSaid(filepath.Join("copies", name), plain(regexp.MustCompile(`(--(audit-)?file |records of |line of )\S+/`).ReplaceAllString(s.read.String(), "$1")))
		})
	}
}
