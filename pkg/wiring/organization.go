package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"keymend/pkg/permission"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/dispatch"
	"keymend/pkg/signal"
	"keymend/pkg/together"
)

// dispatcher has the accounts of the organization looked over.
func (a AWS) dispatcher(l *remediation.Looker, list Lister) *dispatch.Dispatcher {
	regions := a.Settings.Governed
	if len(regions) == 0 {
		regions = []string{a.Own.Region}
	}
	return &dispatch.Dispatcher{
		Accounts: list.as(a), Past: a.past, Over: l.Over, Write: func(ctx context.Context, r record.Record) error { return l.Log.Write(ctx, r) },
		Send:    Looks{SQS: sqs.NewFromConfig(a.Own), URL: a.Settings.LooksQueueURL}.SendAll,
		Regions: regions, Mode: a.Settings.Mode, Now: time.Now,
	}
}

// errNoLister says that nobody was named who lists accounts.
var errNoLister = errors.New("the settings name no account that lists the organization's")

// A Lister lists a page of an organization's accounts: listing.Page.
type Lister func(ctx context.Context, cfg aws.Config, next string) ([]dispatch.Account, string, error)

// as lists with the role for that.
func (list Lister) as(a AWS) func(ctx context.Context, next string) ([]dispatch.Account, string, error) {
	return func(ctx context.Context, next string) ([]dispatch.Account, string, error) {
		if a.Settings.ListingAccount == "" {
			return nil, "", errNoLister
		}
		cfg, err := a.Sessions.Config(ctx, a.Settings.ListingAccount, a.Own.Region, permission.Lister, nil)
		if err != nil {
			return nil, "", err
		}
		return list(ctx, cfg, next)
	}
}

// Batches sends SQS messages, ten a call.
type Batches interface {
	Messages
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

var _ Batches = (*sqs.Client)(nil)

// SendAll sends messages to the queue of looks, each after its time, ten a call, side by
// side. The answer is a success even where a message failed.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
func (q Looks) SendAll(ctx context.Context, all []signal.Looks, after []time.Duration) error {
	const most = 10
	var tasks []func() error
	for from := 0; from < len(all); from += most {
		to := min(from+most, len(all))
		tasks = append(tasks, func() error { return q.sendTen(ctx, all[from:to], after[from:to]) })
	}
	return together.Do(tasks...)
}

func (q Looks) sendTen(ctx context.Context, all []signal.Looks, after []time.Duration) error {
	in := &sqs.SendMessageBatchInput{QueueUrl: &q.URL}
	for i, looks := range all {
		body, err := json.Marshal(looks)
		if err != nil {
			return fmt.Errorf("write looks: %w", err)
		}
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: new(strconv.Itoa(i)), MessageBody: new(string(body)), DelaySeconds: int32(after[i].Seconds())})
	}
	out, err := q.SQS.SendMessageBatch(ctx, in)
	if err != nil {
		return fmt.Errorf("send %d accounts to look over: %w", len(all), err)
	}
	for _, f := range out.Failed {
		return fmt.Errorf("send %d of %d accounts to look over: %s: %s", len(out.Failed), len(all), aws.ToString(f.Code), aws.ToString(f.Message))
	}
	return nil
}
