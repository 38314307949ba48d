package wiring

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"keymend/pkg/permission"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/dispatch"
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
