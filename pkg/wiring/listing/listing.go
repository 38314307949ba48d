// Package listing lists the accounts of an organization. Only what does that links it:
// the client of AWS Organizations is 0.3 MB of a function.
package listing

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"keymend/pkg/remediation/dispatch"
)

// Page lists the accounts of a page, and says where the list goes on; "" = it ends there,
// or begins.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
func Page(ctx context.Context, cfg aws.Config, next string) ([]dispatch.Account, string, error) {
	in := &organizations.ListAccountsInput{}
	if next != "" {
		in.NextToken = &next
	}
	out, err := organizations.NewFromConfig(cfg).ListAccounts(ctx, in)
	if err != nil {
		return nil, "", fmt.Errorf("list the accounts of the organization: %w", err)
	}
	var page []dispatch.Account
	for _, one := range out.Accounts {
		state := cmp.Or(string(one.State), string(one.Status)) // until it had states, a status said so
		page = append(page, dispatch.Account{ID: aws.ToString(one.Id), State: state})
	}
	return page, aws.ToString(out.NextToken), nil
}
