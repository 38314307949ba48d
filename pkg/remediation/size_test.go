package remediation_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"keymend/pkg/audit"
	"keymend/pkg/keypolicy"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
)

// most is what one event of CloudWatch Logs and one message of SQS held before
// both were raised to 1 MiB; some Regions and tools still hold no more.
const most = 256 * 1024

// filled returns a policy of nearly 32,768 bytes, made of as many such
// statements as fit; %d is their number.
func filled(statement string) string {
	const room = 32768 - 700 // for Keymend's two
	all := rootOnly[:strings.LastIndex(rootOnly, "]")]
	for i := 0; ; i++ {
		next := "," + fmt.Sprintf(statement, i)
		if len(all)+len(next)+len("]}") > room {
			return all + "]}"
		}
		all += next
	}
}

func fullPolicies() map[string]string {
	const who = `"Principal":{"AWS":"111122223333"},"Action":"kms:Sign","Resource":"*"`
	return map[string]string{
		"many small statements": filled(`{"Sid":"%d","Effect":"Deny","Principal":"*","Action":"kms:Sign","Resource":"*"}`),
		"quotes and lines":      filled(`{` + "\n\t" + `"Sid":"%d",` + strings.Repeat("\n", 40) + `"Effect":"Allow",` + who + `}`),
		"what HTML escapes":     filled(`{"Sid":"%d","Effect":"Allow",` + who + `,"Condition":{"StringEquals":{"aws:x":"` + strings.Repeat("<&>", 300) + `"}}}`),
		"backslashes":           filled(`{"Sid":"%d","Effect":"Allow",` + who + `,"Condition":{"StringEquals":{"aws:x":"` + strings.Repeat(`\\`, 300) + `"}}}`),
		"names the role":        filled(`{"Sid":"%d","Effect":"Allow","Principal":{"AWS":"` + slr + `"},"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}`),
	}
}

// The longest policies there are: every record is one event of the log, every
// change one message of the queue, and what was done can be taken back from the
// record.
func TestTheLongestRecordsAndMessagesFit(t *testing.T) {
	t.Parallel()
	for name, policy := range fullPolicies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.policy = policy
			if _, err := keypolicy.Parse(policy); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			log := &audit.Writer{Out: &out, Now: time.Now, NoMetrics: true}
			e := w.fixer(func(x *remediation.Fixer) { x.Log = log })
			if _, err := e.Diagnose(t.Context(), failure()); err != nil {
				t.Fatal(err)
			}
			for _, m := range w.sent {
				text, err := m.Body()
				if err != nil || len(text) > most {
					t.Errorf("a message of %d bytes, %v", len(text), err)
				}
				t.Logf("message: %d bytes", len(text))
				if _, err := e.Remediate(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			var last record.Record
			for line := range bytes.Lines(out.Bytes()) {
				last = parsed(t, string(line))
				t.Logf("%s %s: %d bytes", last.Phase, last.Outcome, len(line))
				if len(line) > most {
					t.Errorf("%s %s: %d bytes", last.Phase, last.Outcome, len(line))
				}
			}
			if len(w.sent) == 0 {
				return
			}
			if _, err := e.Undo(t.Context(), last); err != nil || w.policy != policy {
				t.Errorf("undo from the record: %v", err)
			}
		})
	}
}
