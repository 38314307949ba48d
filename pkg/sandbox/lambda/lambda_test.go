package lambda_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/lambda"
	"keymend/pkg/sandbox/sqs"
	"keymend/pkg/sandbox/wire"
)

const functionARN = "arn:aws:lambda:eu-west-1:111122223333:function:f"

// bootstrap builds the function in testdata, once.
var bootstrap = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // built once for every test
	dir, err := os.MkdirTemp("", "bootstrap")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bootstrap")
	text, err := exec.Command("go", "build", "-o", path, "./testdata/bootstrap").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, text)
	}
	return path, nil
})

// A queue that the tests fill by hand; what isn't done comes back when asked.
type queue struct {
	arrive   func()
	messages []sqs.Message
	done     []string
	limit    int
}

func (q *queue) OnArrival(_ string, f func()) { q.arrive = f }
func (q *queue) Done(_, receipt string)       { q.done = append(q.done, receipt) }
func (q *queue) Take(_ string, most int) []sqs.Message {
	q.limit = most
	n := min(most, len(q.messages))
	out := q.messages[:n]
	q.messages = q.messages[n:]
	return out
}

func (q *queue) put(bodies ...string) {
	for _, b := range bodies {
		q.messages = append(q.messages, sqs.Message{ID: "id-" + b, Body: b, Receipt: b})
	}
	q.arrive()
}

type sink struct {
	mu    sync.Mutex
	lines []string
}

func (s *sink) Append(_, _, _, _ string, _ time.Time, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *sink) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// Roles that may everything but what is refused.
type roles struct{ refused *map[string]bool }

func (roles) RoleSession(arn, session, region, by string) (*wire.Caller, error) {
	return &wire.Caller{Account: "111122223333", Region: region, ARN: arn + "/" + session, Role: arn, InvokedBy: by}, nil
}

func (r roles) Authorize(_ *wire.Caller, check wire.Check) error {
	if (*r.refused)[check.Action] {
		return &wire.Error{Message: "not authorized to perform: " + check.Action, Status: 403}
	}
	return nil
}

func (roles) Credentials(string, string, string) (key, secret, token string, err error) {
	return "ASIATEST", "secret", "token", nil
}

func set(t *testing.T) (*clock.Clock, *queue, *sink, *lambda.Service) {
	t.Helper()
	return setRefusing(t, &map[string]bool{})
}

func setRefusing(t *testing.T, refused *map[string]bool) (*clock.Clock, *queue, *sink, *lambda.Service) {
	t.Helper()
	binary, err := bootstrap()
	if err != nil {
		t.Fatal(err)
	}
	c := clock.New(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	q, s := &queue{}, &sink{}
	l := lambda.New(c, q, s, roles{refused})
	t.Cleanup(l.Close)
	err = l.Create(lambda.Function{
		Account: "111122223333", Region: "eu-west-1", Name: "f", Binary: binary,
		Timeout: 2 * time.Second, MemoryMB: 128, Env: map[string]string{"GREETING": "hello"},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = l.Map(lambda.Mapping{QueueARN: "q", FunctionARN: functionARN, BatchSize: 3, Window: 5 * time.Second, ReportFailures: true})
	if err != nil {
		t.Fatal(err)
	}
	return c, q, s, l
}

func TestMappingGathersABatch(t *testing.T) {
	t.Parallel()
	c, q, s, _ := set(t)
	q.put("a")
	q.put("give back", "b", "c")
	c.Advance(4 * time.Second)
	if s.text() != "" {
		t.Errorf("invoked before the window was over: %s", s.text())
	}
	c.Advance(2 * time.Second) // a little time passes between batches
	if got := strings.Join(q.done, ","); got != "a,b,c" || q.limit != 3 {
		t.Errorf("done: %s, at most %d at a time", got, q.limit)
	}
	text := s.text()
	if strings.Count(text, "START RequestId: ") != 2 || strings.Count(text, "REPORT RequestId: ") != 2 {
		t.Errorf("want two invocations:\n%s", text)
	}
	if !strings.Contains(text, "did a hello ASIATEST") {
		t.Errorf("environment or credentials are missing:\n%s", text)
	}
	if strings.Index(text, "END RequestId") < strings.Index(text, "did a") {
		t.Errorf("the output came after the end:\n%s", text)
	}
}

func TestOutputIsTakenInBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	c, q, s, _ := set(t)
	q.put("much")
	c.Advance(time.Minute)
	text := s.text()
	if strings.Count(text, "xxx\n") != 300 || strings.Index(text, "last") > strings.Index(text, "END RequestId") {
		t.Errorf("output was lost or late: %d bytes", len(text))
	}
}

func TestFailuresLeaveTheMessages(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		"crash": "Runtime exited with error: exit status 3",
		"hang":  "Task timed out after 2.00 seconds",
		"fail":  "did fail",
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			c, q, s, _ := set(t)
			q.put(body)
			c.Advance(time.Minute)
			if len(q.done) != 0 || !strings.Contains(s.text(), says) {
				t.Errorf("done %v, want the log to say %q:\n%s", q.done, says, s.text())
			}
			q.put("after")
			c.Advance(time.Minute)
			if strings.Join(q.done, ",") != "after" {
				t.Errorf("the function didn't start anew:\n%s", s.text())
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	_, _, _, l := set(t)
	if err := l.Map(lambda.Mapping{FunctionARN: "arn:none"}); err == nil {
		t.Error("mapped a function that isn't there")
	}
	if err := l.Create(lambda.Function{Name: "g"}); err == nil {
		t.Error("created a function without a binary")
	}
}

// TestLambdaNeedsTheRolesPermissions: Lambda polls and logs with the function's
// role, and each missing permission is a refused call on record.
func TestLambdaNeedsTheRolesPermissions(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "logs:PutLogEvents"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			refused := map[string]bool{action: true}
			c, q, s, l := setRefusing(t, &refused)
			var calls []wire.Call
			l.SetRecord(func(c wire.Call) { calls = append(calls, c) })
			q.put("a")
			c.Advance(10 * time.Second)
			if len(calls) == 0 || calls[0].Service+":"+calls[0].Operation != action || !strings.HasPrefix(calls[0].Err.Error(), "AccessDeniedException: ") {
				t.Fatalf("on record: %+v", calls)
			}
			polls := strings.HasPrefix(action, "sqs:")
			if (len(q.done) == 0) != polls || s.text() != "" {
				t.Errorf("done %v, log %q", q.done, s.text())
			}
			delete(refused, action)
			c.Advance(time.Minute)
			if polls && strings.Join(q.done, ",") != "a" {
				t.Errorf("once it may, it must poll: done %v", q.done)
			}
		})
	}
}
