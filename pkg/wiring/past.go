package wiring

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"keymend/pkg/history"
	"keymend/pkg/permission"
)

// Begun returns the intents in remediate's log.
func (a AWS) Begun(ctx context.Context, since time.Time) ([]history.Line, error) {
	return a.remembered(ctx, `{ $.phase = "intent" }`, since)
}

// Ended returns the outcomes there about a key.
func (a AWS) Ended(ctx context.Context, key string, since time.Time) ([]history.Line, error) {
	return a.remembered(ctx, fmt.Sprintf(`{ ($.phase = "outcome") && ($.key = %q) }`, key), since)
}

func (a AWS) remembered(ctx context.Context, pattern string, since time.Time) ([]history.Line, error) {
	group := permission.Place{Prefix: a.Settings.RolePrefix}.LogGroup(permission.Remediate)
	var out []history.Line
	err := lines(ctx, cloudwatchlogs.NewFromConfig(a.Own), group, pattern, since, time.Time{}, func(at time.Time, line string) {
		out = append(out, history.Line{At: at, Text: line})
	})
	return out, err
}

// Edited says who wrote a key's policy first since then, but for Keymend. CloudTrail shows a call up to 15 minutes late, and
// takes two LookupEvents a second in an account and Region; of calls that write key
// policies there are few.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
func (a AWS) Edited(ctx context.Context, accountID, region, key string, since, now time.Time) (string, error) {
	cfg, err := a.config(ctx, accountID, region, permission.Reader)
	if err != nil {
		return "", err
	}
	return editor(ctx, cloudtrail.NewFromConfig(cfg), key, since, now)
}

func editor(ctx context.Context, client cloudtrail.LookupEventsAPIClient, key string, since, now time.Time) (string, error) {
	// The answer has the newest first, and whoever rewrites the policy all day fills it.
	soon := since.Add(time.Hour)
	if now.Before(soon) {
		return editorUntil(ctx, client, key, since, now)
	}
	if by, err := editorUntil(ctx, client, key, since, soon); by != "" || err != nil {
		return by, err
	}
	return editorUntil(ctx, client, key, soon, now)
}

func editorUntil(ctx context.Context, client cloudtrail.LookupEventsAPIClient, key string, since, until time.Time) (by string, err error) {
	const most = 4 // pages of 50
	pages := cloudtrail.NewLookupEventsPaginator(client, &cloudtrail.LookupEventsInput{
		StartTime: &since, EndTime: &until,
		LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: cttypes.LookupAttributeKeyEventName, AttributeValue: new("PutKeyPolicy")}},
	})
	for n := 0; pages.HasMorePages() && n < most; n++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("look up who edited the policy of %s: %w", key, err)
		}
		for _, e := range page.Events {
			if who := edited(aws.ToString(e.CloudTrailEvent), key); who != "" {
				by = who
			}
		}
	}
	return by, nil
}

// edited says who edited the key's policy, and when, by CloudTrail's record; "" = it is
// another's, of a call that failed, or Keymend's own.
// https://docs.aws.amazon.com/kms/latest/developerguide/ct-put-key-policy.html
func edited(text, key string) string {
	var e struct {
		EventTime, ErrorCode string
		UserIdentity         struct{ ARN string }
		Resources            []struct{ ARN string }
	}
	err := json.Unmarshal([]byte(text), &e)
	if err != nil || e.ErrorCode != "" || len(e.Resources) == 0 || e.Resources[0].ARN != key || strings.Contains(e.UserIdentity.ARN, "/keymend-r-") {
		return ""
	}
	return e.UserIdentity.ARN + " wrote the key's policy " + e.EventTime
}
