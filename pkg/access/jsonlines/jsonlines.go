// Package jsonlines answers questions to pkg/access that come as lines of JSON:
// the evaluator by itself, for scripts and for holding it against other
// evaluators. It is what `keymend access` runs.
//
// A question is one object a line:
//
//	id                any value, echoed (optional)
//	principal         ARN of a role, a user, an account root, or of the Auto
//	                  Scaling service-linked role's session
//	roleId            the principal's unique id (optional)
//	key               ARN, or DescribeKey's metadata object
//	keyState          as in DescribeKey; wins over the metadata object's
//	policy            the key policy, as an object or as the string KMS returns
//	grants            as ListGrants returns them: the list, or the whole answer
//	operations        names without "kms:"
//	context           condition keys: a string, number, boolean or a list of
//	                  them; a name that isn't there is unknown, one with null is
//	                  known to be absent from the request
//	identityPolicies  the principal's own policies, objects or strings (optional)
//
// What isn't given isn't known: without a policy, grants, a key state or, where
// they matter, identity policies, an answer that depends on them is Unknown and
// says so. A service-linked role has no identity policies for KMS.
//
// The answer is one object for each operation, in order.
package jsonlines

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"keymend/pkg/access"
)

// An answer is one line of output.
type answer struct {
	ID json.RawMessage `json:"id,omitempty"`
	access.Result
}

// A complaint is the answer to a line that can't be read.
type complaint struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

// Process answers every line of r on w, in order, and returns how many lines it
// could not read; each of those got {"line":n,"error":…}. Empty lines are passed
// over. A line may be of any length; no more than one is held in memory. The
// error is that of reading or writing.
func Process(r io.Reader, w io.Writer) (bad int, err error) {
	in := bufio.NewReader(r)
	buffered := bufio.NewWriter(w)
	out := json.NewEncoder(buffered)
	out.SetEscapeHTML(false)
	for n := 1; err == nil; n++ {
		var line []byte
		line, err = in.ReadBytes('\n')
		ok, werr := process(bytes.TrimSpace(line), n, out)
		if !ok {
			bad++
		}
		if werr != nil {
			return bad, fmt.Errorf("write answer to line %d: %w", n, werr)
		}
	}
	if !errors.Is(err, io.EOF) {
		return bad, errors.Join(fmt.Errorf("read lines: %w", err), buffered.Flush())
	}
	if err := buffered.Flush(); err != nil {
		return bad, fmt.Errorf("write answers: %w", err)
	}
	return bad, nil
}

// process answers one line; ok is false where it couldn't be read.
func process(line []byte, n int, out *json.Encoder) (ok bool, err error) {
	if len(line) == 0 {
		return true, nil
	}
	q, err := parse(line)
	if err != nil {
		return false, out.Encode(complaint{n, err.Error()})
	}
	for _, r := range access.Evaluate(q.facts, q.request) {
		if err := out.Encode(answer{q.id, r}); err != nil {
			return true, err
		}
	}
	return true, nil
}
