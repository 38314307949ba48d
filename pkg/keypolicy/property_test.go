package keypolicy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/keypolicy"
)

// raw is a JSON text being generated: every value with random white space
// around, single values as themselves or as a list of one.
func space(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", " ", "\n", "\n    ", "\t"}).Draw(t, "space")
}

func texts(t *rapid.T, from []string, label string) string {
	values := rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, 3, rapid.ID).Draw(t, label)
	if len(values) == 1 && rapid.Bool().Draw(t, "single") {
		return fmt.Sprintf("%q", values[0])
	}
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = space(t) + fmt.Sprintf("%q", v) + space(t)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func roles() []string {
	return []string{slr, slrTwo, slr + "_three", strings.ReplaceAll(slr, "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", "spot.amazonaws.com/AWSServiceRoleForEC2Spot")}
}

func principals() []string {
	return append(roles(), "*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root",
		"arn:aws:iam::111122223333:role/deploy", "AROAEXAMPLEEXAMPLE123")
}

func foreign(t *rapid.T) string {
	members := []string{
		`"Effect":` + space(t) + rapid.SampledFrom([]string{`"Allow"`, `"Deny"`}).Draw(t, "effect"),
		`"Principal"` + space(t) + `:` + rapid.SampledFrom([]string{`"*"`, `{"AWS":` + texts(t, principals(), "principal") + `}`, `{"Service":"ec2.amazonaws.com"}`}).Draw(t, "principals"),
		`"Action":` + texts(t, []string{"kms:*", "kms:Decrypt", "kms:createGrant", "kms:GenerateDataKey*"}, "action"),
		`"Resource":"*"`,
	}
	if rapid.Bool().Draw(t, "has Sid") {
		sid := rapid.SampledFrom([]string{"A", "Allow use of the key", "KeymendUse", "KeymendUse2", "KeymendCreateGrant", "KeymendUseBy" + other, "KeymendCreateGrantBy" + other, "KeymendCreateGrantBy" + other + "2"}).Draw(t, "sid")
		members = append(members, fmt.Sprintf(`"Sid":%q`, sid))
	}
	if rapid.Bool().Draw(t, "has condition") {
		members = append(members, `"Condition":{"Bool":{"kms:GrantIsForAWSResource":`+rapid.SampledFrom([]string{"true", `"true"`, `["true"]`}).Draw(t, "bool")+`}}`)
	}
	if rapid.Bool().Draw(t, "has unknown member") {
		members = append(members, `"Note":{"a":[1,null,"}]"]}`)
	}
	for i := range members {
		members[i] = space(t) + members[i] + space(t)
	}
	return "{" + strings.Join(rapid.Permutation(members).Draw(t, "members"), ",") + "}"
}

// own is a statement of Keymend's in one of the forms in which KMS may give it
// back.
func own(t *rapid.T) string {
	if rapid.IntRange(0, 2).Draw(t, "own form") == 0 {
		return rapid.SampledFrom([]string{
			useBy("KeymendUseBy", other), useBy("KeymendUseBy", third), createGrantBy("KeymendCreateGrantBy", third, ""),
			createGrantBy("KeymendCreateGrantBy", other, ""), createGrantBy("KeymendCreateGrantBy", other, granter),
		}).Draw(t, "delegation")
	}
	sid := rapid.SampledFrom([]string{"KeymendUse", "KeymendUse3"}).Draw(t, "own sid")
	return fmt.Sprintf(`{"Sid":%q,"Effect":"Allow","Principal":{"AWS":%s},`+
		`"Action":["kms:DescribeKey","kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*"],"Resource":["*"]}`,
		sid, texts(t, append(roles(), "AROAEXAMPLEEXAMPLE123", "arn:aws:iam::111122223333:role/added-by-hand"), "own principals"))
}

func statements(t *rapid.T) []string {
	var out []string
	for range rapid.IntRange(0, 4).Draw(t, "statements") {
		if rapid.IntRange(0, 3).Draw(t, "whose") == 0 {
			out = append(out, own(t))
		} else {
			out = append(out, foreign(t))
		}
	}
	return out
}

func policy(t *rapid.T) string {
	all := statements(t)
	for i := range all {
		all[i] = space(t) + all[i] + space(t)
	}
	list := "[" + strings.Join(all, ",") + space(t) + "]"
	return space(t) + `{"Version":"2012-10-17",` + space(t) + `"Statement"` + space(t) + ":" + space(t) + list + space(t) + `,"Id":"x"}` + space(t)
}

func mustParse(t *rapid.T, raw string) *keypolicy.Document {
	d, err := keypolicy.Parse(raw)
	if err != nil {
		t.Fatalf("parse %s: %v", raw, err)
	}
	return d
}

func allow(t *rapid.T, raw, role string) keypolicy.Edit {
	e, err := keypolicy.Allow(mustParse(t, raw), role)
	if errors.Is(err, keypolicy.ErrFull) {
		t.Skip("full")
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// ours returns the principals of Keymend's own statements.
func ours(d *keypolicy.Document) []string {
	var out []string
	for _, s := range d.Statements() {
		if keypolicy.Owned(s) {
			out = append(out, s.Principal.AWS...)
		}
	}
	return out
}

// foreignStatements returns what the statements that aren't Keymend's say, in
// order.
func foreignStatements(d *keypolicy.Document) []string {
	var out []string
	for _, s := range d.Statements() {
		if !keypolicy.Owned(s) {
			p, not := s.Principal, s.NotPrincipal
			s.Index, s.Principal, s.NotPrincipal = 0, nil, nil
			out = append(out, fmt.Sprintf("%+v %s %s", s, names(p), names(not)))
		}
	}
	return out
}

func names(p *keypolicy.Principal) string {
	if p == nil {
		return "none"
	}
	return fmt.Sprintf("%+v", *p)
}

func TestParsePrintIsIdentity(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := policy(t)
		if got := mustParse(t, raw).String(); got != raw {
			t.Fatalf("got %q, want %q", got, raw)
		}
		if !keypolicy.Equal(raw, raw) {
			t.Fatal("not equal to itself")
		}
	})
}

func TestAllowTwiceIsAllowOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		role := rapid.SampledFrom(roles()).Draw(t, "role")
		once := allow(t, policy(t), role)
		twice := allow(t, once.After, role)
		if twice.Before != twice.After || len(twice.Added) != 0 || len(twice.Removed) != 0 {
			t.Fatalf("second edit: %+v", twice)
		}
	})
}

func TestAllowKeepsEveryForeignStatement(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw, role := policy(t), rapid.SampledFrom(roles()).Draw(t, "role")
		e := allow(t, raw, role)
		before, after := mustParse(t, raw), mustParse(t, e.After)
		if want, got := foreignStatements(before), foreignStatements(after); !slices.Equal(want, got) {
			t.Fatalf("foreign statements\nbefore %v\nafter  %v", want, got)
		}
		for _, p := range ours(after) {
			if p != role && !slices.Contains(ours(before), p) || keypolicy.IsUniqueID(p) {
				t.Fatalf("our statements name %s", p)
			}
		}
	})
}

// Where Allow only adds (ours carry no dead ids), the text before and behind
// the places of insertion is what it was.
func TestAllowOnlyInserts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw, role := policy(t), rapid.SampledFrom(roles()).Draw(t, "role")
		if slices.ContainsFunc(ours(mustParse(t, raw)), keypolicy.IsUniqueID) {
			t.Skip("Allow takes dead ids out")
		}
		e := allow(t, raw, role)
		if !isSubsequence(raw, e.After) {
			t.Fatalf("not an insertion:\n%s\n%s", raw, e.After)
		}
		head := strings.Index(raw, "[")
		if e.After[:head] != raw[:head] || !strings.HasSuffix(e.After, raw[strings.LastIndex(raw, "]")+1:]) {
			t.Fatalf("the text around the statements changed:\n%s\n%s", raw, e.After)
		}
	})
}

func isSubsequence(small, big string) bool {
	i := 0
	for j := 0; j < len(big) && i < len(small); j++ {
		if small[i] == big[j] {
			i++
		}
	}
	return i == len(small)
}

func TestRevokeUndoesAllowByteForByte(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw, role := policy(t), rapid.SampledFrom(roles()).Draw(t, "role")
		have := ours(mustParse(t, raw))
		if slices.ContainsFunc(have, keypolicy.IsUniqueID) {
			t.Skip("Allow takes dead ids out, and nothing brings them back")
		}
		e := allow(t, raw, role)
		if e.After == raw {
			return
		}
		back, err := keypolicy.Revoke(mustParse(t, e.After), role, e.Sids...)
		if err != nil || back.After != raw {
			t.Fatalf("got  %s\nwant %s\n(%v)", back.After, raw, err)
		}
	})
}

func TestRevokeTakesOnlyTheRoleAndTheDeadOutOfOurs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw, role := policy(t), rapid.SampledFrom(roles()).Draw(t, "role")
		before := mustParse(t, raw)
		e, err := keypolicy.Revoke(before, role)
		if err != nil {
			t.Fatal(err)
		}
		after := mustParse(t, e.After)
		if !slices.Equal(foreignStatements(before), foreignStatements(after)) {
			t.Fatalf("foreign statements changed: %s", e.After)
		}
		want := slices.DeleteFunc(ours(before), func(p string) bool { return p == role || keypolicy.IsUniqueID(p) })
		if !slices.Equal(ours(after), want) {
			t.Fatalf("ours name %v, want %v", ours(after), want)
		}
	})
}

func TestEqualDisregardsOrderAndForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := statements(t)
		a := `{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`
		shuffled := strings.Join(rapid.Permutation(all).Draw(t, "order"), " , ")
		b := `{"Statement" : [` + shuffled + "\n],\"Version\":\"2012-10-17\"}"
		if !keypolicy.Equal(a, b) {
			t.Fatalf("not equal:\n%s\n%s", a, b)
		}
		da, errA := keypolicy.Digest(a)
		db, errB := keypolicy.Digest(b)
		if errA != nil || errB != nil || da != db {
			t.Fatalf("digests %s %s %v %v", da, db, errA, errB)
		}
	})
}
