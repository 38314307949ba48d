package jsonlines_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access/jsonlines"
)

const (
	slr = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	key = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"
)

// question writes a line, with members changed; nil takes one away.
func question(t testing.TB, change map[string]any) string {
	t.Helper()
	q := map[string]any{
		"id": "q1", "principal": slr, "key": key, "keyState": "Enabled", "grants": []any{}, "operations": []string{"Decrypt"},
		"policy":  json.RawMessage(`{"Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"` + slr + `"},"Action":"kms:*","Resource":"*"}]}`),
		"context": map[string]any{},
	}
	for name, v := range change {
		q[name] = v
		if v == nil {
			delete(q, name)
		}
	}
	out, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	return string(out) + "\n"
}

func process(t *testing.T, in string) (out []string, bad int) {
	t.Helper()
	var b bytes.Buffer
	bad, err := jsonlines.Process(strings.NewReader(in), &b)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n"), bad
}

func TestAnAnswerForEachOperation(t *testing.T) {
	t.Parallel()
	out, bad := process(t, question(t, map[string]any{"operations": []string{"Decrypt", "CreateGrant"}, "id": map[string]int{"n": 7}}))
	want := []string{
		`{"id":{"n":7},"operation":"Decrypt","decision":"Allowed","explicit":false,"reason":"allowed-by-statement","decidedBy":"#0 \"S\"","nearMisses":[],"unknownKeys":[],"couldNotSee":[],"trace":["#0 \"S\": Allow: applies"]}`,
		`{"id":{"n":7},"operation":"CreateGrant","decision":"Allowed","explicit":false,"reason":"allowed-by-statement","decidedBy":"#0 \"S\"","nearMisses":[],"unknownKeys":[],"couldNotSee":[],"trace":["#0 \"S\": Allow: applies"]}`,
	}
	if diff := cmp.Diff(want, out); diff != "" || bad != 0 {
		t.Error(bad, diff)
	}
}

func TestWithoutIdThereIsNone(t *testing.T) {
	t.Parallel()
	out, _ := process(t, question(t, map[string]any{"id": nil}))
	if strings.Contains(out[0], `"id"`) {
		t.Error(out[0])
	}
}

func TestABadLineIsReportedAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	out, bad := process(t, question(t, nil)+"\n  \n"+"{oops\n"+question(t, map[string]any{"id": "last"}))
	if bad != 1 || len(out) != 3 {
		t.Fatal(bad, out)
	}
	if !strings.HasPrefix(out[1], `{"line":4,"error":"not a question: `) || !strings.Contains(out[2], `"last"`) {
		t.Error(out)
	}
}

func TestWhatIsWrongWithALine(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change map[string]any
		want   string
	}{
		"no principal":         {map[string]any{"principal": nil}, "principal: is missing"},
		"principal":            {map[string]any{"principal": "me"}, `principal: \"me\" is not the ARN of a principal`},
		"principal is a key":   {map[string]any{"principal": key}, "is not the ARN of a principal"},
		"ordinary session":     {map[string]any{"principal": "arn:aws:sts::111122223333:assumed-role/x/y"}, "give its role's ARN"},
		"principal a number":   {map[string]any{"principal": 7}, "not a question"},
		"no key":               {map[string]any{"key": nil}, "key: is missing"},
		"key alias":            {map[string]any{"key": "alias/x"}, `key: \"alias/x\" is not the ARN of a key`},
		"key without ARN":      {map[string]any{"key": map[string]any{"KeyId": "1"}}, "is not the ARN of a key"},
		"key a number":         {map[string]any{"key": 7}, "key: "},
		"policy not JSON":      {map[string]any{"policy": "{"}, "policy: parse policy: not JSON at byte 1"},
		"policy a number":      {map[string]any{"policy": 7}, "policy: parse policy: policy at byte 0: must be an object"},
		"grants a string":      {map[string]any{"grants": "g"}, "grants: "},
		"no operations":        {map[string]any{"operations": []string{}}, "operations: are missing"},
		"operation with kms":   {map[string]any{"operations": []string{"kms:Decrypt"}}, "operations: "},
		"operation wildcard":   {map[string]any{"operations": []string{"GenerateDataKey*"}}, "operations: "},
		"context value":        {map[string]any{"context": map[string]any{"a": map[string]any{}}}, "context: a: {} is not a string, a number or a boolean"},
		"context twice":        {map[string]any{"context": map[string]any{"a": "1", "A": "1"}}, "is there twice"},
		"identity policy":      {map[string]any{"identityPolicies": []any{"x"}}, "identityPolicies[0]: parse policy"},
		"identity not a list":  {map[string]any{"identityPolicies": 7}, "not a question"},
		"empty policy string":  {map[string]any{"policy": ""}, "policy: parse policy: not JSON"},
		"null in a value list": {map[string]any{"context": map[string]any{"a": []any{nil}}}, "context: a: null is not"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, bad := process(t, question(t, tc.change))
			if bad != 1 || len(out) != 1 || !strings.Contains(out[0], tc.want) {
				t.Errorf("%d bad: %s\nwant %s", bad, out, tc.want)
			}
		})
	}
}

func TestAbsentIsUnknownAndNullIsAbsent(t *testing.T) {
	t.Parallel()
	policy := json.RawMessage(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}}]}`)
	for name, tc := range map[string]struct {
		context map[string]any
		want    string
	}{
		"absent":    {map[string]any{}, `"decision":"Unknown","explicit":false,"reason":"condition-not-known","decidedBy":"","nearMisses":[{"source":"#0","reason":"condition-not-known","text":"#0 has a condition that may not be met: StringNotEquals aws:SourceVpc vpc-1 (not known)","element":{"member":"aws:SourceVpc","value":"\"vpc-1\""}}],"unknownKeys":["aws:SourceVpc"]`},
		"null":      {map[string]any{"aws:sourcevpc": nil}, `"decision":"Allowed"`},
		"a value":   {map[string]any{"AWS:SourceVPC": "vpc-1"}, `"decision":"Denied"`},
		"a list":    {map[string]any{"aws:SourceVpc": []string{"vpc-2"}}, `"decision":"Allowed"`},
		"a boolean": {map[string]any{"aws:SourceVpc": true}, `"decision":"Allowed"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, bad := process(t, question(t, map[string]any{"policy": policy, "context": tc.context}))
			if bad != 0 || !strings.Contains(out[0], tc.want) {
				t.Error(bad, out)
			}
		})
	}
}

func TestALineMayBeLong(t *testing.T) {
	t.Parallel()
	var statements []string
	for range 20000 {
		statements = append(statements, `{"Effect":"Allow","Principal":{"AWS":"`+slr+`"},"Action":"kms:Sign","Resource":"*"}`)
	}
	long := question(t, map[string]any{"policy": json.RawMessage(`{"Statement":[` + strings.Join(statements, ",") + `]}`)})
	if len(long) < 1<<20 {
		t.Fatal("the line is not long")
	}
	out, bad := process(t, strings.TrimSuffix(long+question(t, nil), "\n")) // no line feed at the end
	if bad != 0 || len(out) != 2 || !strings.Contains(out[0], `"Denied"`) || !strings.Contains(out[1], `"Allowed"`) {
		t.Error(bad, len(out))
	}
}

// A flow counts what has been read and not yet answered.
type flow struct {
	line             []byte
	left             int
	read, wrote, gap int
}

func (f *flow) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	f.left--
	f.read++
	f.gap = max(f.gap, f.read-f.wrote)
	return copy(p, f.line), nil
}

func (f *flow) Write(p []byte) (int, error) {
	f.wrote += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

// Answers leave as questions come, so that memory doesn't grow with their
// number.
func TestAnswersDontPileUp(t *testing.T) {
	t.Parallel()
	f := &flow{line: []byte(question(t, nil)), left: 20000}
	bad, err := jsonlines.Process(f, f)
	if bad != 0 || err != nil || f.wrote != 20000 {
		t.Fatal(bad, err, f.wrote)
	}
	if f.gap > 100 {
		t.Errorf("%d lines were read before they were answered", f.gap)
	}
}

func TestErrorsOfReadingAndWriting(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	var out bytes.Buffer
	in := io.MultiReader(strings.NewReader(question(t, nil)), iotest.ErrReader(broken))
	if _, err := jsonlines.Process(in, &out); !errors.Is(err, broken) || !strings.Contains(out.String(), "Allowed") {
		t.Errorf("%v, %s", err, out.String())
	}
	if _, err := jsonlines.Process(strings.NewReader(question(t, nil)), failing{broken}); !errors.Is(err, broken) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func FuzzLines(f *testing.F) {
	f.Add(question(f, nil))
	f.Add(question(f, map[string]any{"principal": "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling", "key": map[string]any{"KeyMetadata": map[string]any{"Arn": key}}}))
	f.Add(question(f, map[string]any{"policy": `{"Statement":{}}`, "grants": map[string]any{"Grants": []any{map[string]any{"GrantId": "g", "GranteePrincipal": slr, "Operations": []string{"Decrypt"}}}}}))
	f.Add("{}\n\n[]\nnull\n\"x\"\n{\"key\":{\"KeyMetadata\":{\"KeyMetadata\":{}}}}")
	f.Add(question(f, map[string]any{"context": map[string]any{"a": []any{1, true, "x"}, "b": nil}, "identityPolicies": []any{`{"Statement":[]}`}}))
	f.Fuzz(func(t *testing.T, in string) {
		var out bytes.Buffer
		bad, err := jsonlines.Process(strings.NewReader(in), &out)
		if err != nil {
			t.Fatal(err)
		}
		complaints := 0
		for d := json.NewDecoder(&out); d.More(); {
			var line struct {
				Line                    int
				Error, Decision, Reason string
			}
			if err := d.Decode(&line); err != nil {
				t.Fatal(err)
			}
			if line.Line > 0 {
				complaints++
			} else if line.Decision == "" || line.Reason == "" {
				t.Fatalf("answer without decision or reason: %+v", line)
			}
		}
		if complaints != bad {
			t.Fatalf("%d bad lines, %d complaints", bad, complaints)
		}
	})
}
