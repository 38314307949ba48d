package wiring_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/signal"
	"keymend/pkg/wiring"
)

// far are the buses of an organization's accounts. They are asked side by side.
type far struct {
	mu     sync.Mutex
	opened map[string]int
	put    map[string][]string // details
	fails  map[string]error
	said   []string
}

type farBus struct {
	*far
	at string
}

func (b farBus) PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if deadline, ends := ctx.Deadline(); !ends || time.Until(deadline) > 2*time.Second {
		return nil, errors.New("it may take for ever")
	}
	for _, e := range in.Entries {
		b.far.put[b.at] = append(b.far.put[b.at], *e.Source+" "+*e.DetailType)
	}
	return &eventbridge.PutEventsOutput{}, b.fails[b.at]
}

func (f *far) members() *wiring.Members {
	f.opened, f.put = map[string]int{}, map[string][]string{}
	return &wiring.Members{
		Own: func(context.Context) wiring.Place { return wiring.Place{Account: "999900001111", Region: "eu-west-1"} },
		Complain: func(_ context.Context, err error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.said = append(f.said, err.Error())
		},
		Bus: func(_ context.Context, account, region string) (wiring.Bus, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			at := account + " " + region
			f.opened[at]++
			return farBus{f, at}, f.fails["into "+at]
		},
	}
}

// TestMembersAreTold: the group's account is told, and the key's, each once, beside the
// hub's own bus, when the invocation's work is done; the hub isn't told twice.
func TestMembersAreTold(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		account, region, key string
		of                   outcome.Outcome
		want                 string
	}{
		"an own key":                       {"111122223333", "us-east-1", "arn:aws:kms:us-east-1:111122223333:key/1", outcome.Fixed, "111122223333 us-east-1"},
		"another member's key":             {"111122223333", "eu-west-1", "arn:aws:kms:eu-west-1:444455556666:key/1", outcome.Proposed, "111122223333 eu-west-1, 444455556666 eu-west-1"},
		"a key of the hub's":               {"111122223333", "eu-west-1", "arn:aws:kms:eu-west-1:999900001111:key/1", outcome.Proposed, "111122223333 eu-west-1"},
		"a group of the hub's, elsewhere":  {"999900001111", "us-east-1", "arn:aws:kms:us-east-1:999900001111:key/1", outcome.Fixed, "999900001111 us-east-1"},
		"a group of the hub's":             {"999900001111", "eu-west-1", "arn:aws:kms:eu-west-1:999900001111:key/1", outcome.Fixed, ""},
		"a key of another Region":          {"111122223333", "eu-west-1", "arn:aws:kms:us-east-1:444455556666:key/1", outcome.NoFix, "111122223333 eu-west-1"},
		"a key of no account":              {"111122223333", "eu-west-1", "arn:aws:kms:eu-west-1:12:key/1", outcome.NoFix, "111122223333 eu-west-1"},
		"a key that isn't known":           {"111122223333", "eu-west-1", "", outcome.NoFix, "111122223333 eu-west-1"},
		"a key as it was written":          {"111122223333", "eu-west-1", "alias/a", outcome.NoFix, "111122223333 eu-west-1"},
		"nothing of it is news":            {"111122223333", "eu-west-1", "", outcome.NothingToDo, ""},
		"settings, which are no account's": {"", "", "", outcome.SettingsInvalid, ""},
	} {
		b, f := &bus{}, &far{}
		telling := b.telling()
		telling.Members = f.members()
		r := record.Record{ID: "f-1", Phase: record.Finding, Outcome: tc.of, Account: tc.account, Region: tc.region, Key: tc.key}
		if err := telling.Write(t.Context(), r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(f.put) != 0 {
			t.Errorf("%s: %v is told before the work is done", name, f.put)
		}
		telling.Members.Flush(t.Context())
		telling.Members.Flush(t.Context())
		if got := strings.Join(slices.Sorted(maps.Keys(f.put)), ", "); got != tc.want {
			t.Errorf("%s: told %s", name, got)
		}
		for at, put := range f.put {
			if len(put) != 1 || put[0] != *b.put[0].Source+" "+*b.put[0].DetailType {
				t.Errorf("%s: %s got %v", name, at, put)
			}
		}
	}
}

// TestAMemberThatTakesNoEvent: whatever goes wrong there is complained of, and changes
// nothing; a storm in that account costs one try.
func TestAMemberThatTakesNoEvent(t *testing.T) {
	t.Parallel()
	const at = "111122223333 eu-west-1"
	for name, fails := range map[string]error{"into " + at: errors.New("AccessDenied"), at: errors.New("throttled")} {
		b, f := &bus{}, &far{fails: map[string]error{name: fails}}
		telling := b.telling()
		telling.Members = f.members()
		for i := range 100 {
			r := record.Record{ID: fmt.Sprintf("f-%d", i), Phase: record.Finding, Outcome: outcome.Proposed, Account: "111122223333", Region: "eu-west-1"}
			if err := telling.Write(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		telling.Members.Flush(t.Context())
		if f.opened[at] != 1 || len(f.said) != 100 || !strings.Contains(f.said[0], "on the bus of account 111122223333, eu-west-1: "+fails.Error()) || len(b.put) != 100 {
			t.Errorf("%s: opened %d times, %d of the hub's, said %d: %q", name, f.opened[at], len(b.put), len(f.said), f.said[0])
		}
	}
}

// batches is a queue that takes messages ten at a time.
type batches struct {
	wiring.Messages
	mu    sync.Mutex
	sizes []int
	got   map[string]int32
	fail  int // of a batch
}

func (b *batches) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sizes = append(b.sizes, len(in.Entries))
	ids := map[string]bool{}
	for _, e := range in.Entries {
		b.got[*e.MessageBody], ids[*e.Id] = e.DelaySeconds, true
	}
	out := &sqs.SendMessageBatchOutput{}
	if len(ids) != len(in.Entries) || b.fail > 0 {
		out.Failed = []types.BatchResultErrorEntry{{Id: new("0"), Code: new("InternalError"), Message: new("try again")}}
	}
	return out, nil
}

// TestSendAll: each message is sent once, with its delay, ten a call; one that SQS didn't
// take is an error.
func TestSendAll(t *testing.T) {
	t.Parallel()
	var all []signal.Looks
	var after []time.Duration
	for i := range 1003 {
		all, after = append(all, signal.Looks{Schema: signal.LooksSchema, Account: fmt.Sprintf("%012d", i), Region: "eu-west-1", Regions: []string{"eu-west-1"}}), append(after, time.Duration(i)*time.Second/2)
	}
	b := &batches{got: map[string]int32{}}
	if err := (wiring.Looks{SQS: b, URL: "https://q"}).SendAll(t.Context(), all, after); err != nil {
		t.Fatal(err)
	}
	slices.Sort(b.sizes)
	if len(b.got) != 1003 || len(b.sizes) != 101 || b.sizes[0] != 3 || b.sizes[100] != 10 {
		t.Errorf("%d messages, in %v", len(b.got), b.sizes)
	}
	for body, delay := range b.got {
		if want := strings.Contains(body, fmt.Sprintf(`"%012d"`, delay*2)) || strings.Contains(body, fmt.Sprintf(`"%012d"`, delay*2+1)); !want {
			t.Errorf("%s after %d s", body, delay)
		}
	}
	b.fail = 1
	if err := (wiring.Looks{SQS: b, URL: "https://q"}).SendAll(t.Context(), all[:1], after[:1]); err == nil || !strings.Contains(err.Error(), "InternalError") {
		t.Error(err)
	}
	if err := (wiring.Looks{SQS: b, URL: "https://q"}).SendAll(t.Context(), nil, nil); err != nil {
		t.Error(err)
	}
}
