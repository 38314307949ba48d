package command

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/arn"
	"keymend/pkg/permission"
)

type grants struct{}

func (grants) about() about {
	return about{
		examples: []string{"keymend grants --output json"},
		ends:     done("they are listed"),
	}
}

// Run lists the grants that Keymend's functions made, as KMS has them now: by the role
// that may retire them, in one call for all keys of any account.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html
func (grants) Run(ctx context.Context, p *program) error {
	s, err := p.login(ctx)
	if err != nil {
		return err
	}
	by := permission.Place{Partition: arn.Partition(s.arn), Account: s.account, Prefix: deployed}.ARN(permission.Granter)
	pages := kms.NewListRetirableGrantsPaginator(kms.NewFromConfig(s.aws), &kms.ListRetirableGrantsInput{RetiringPrincipal: &by})
	defer p.busy("listing the grants that the functions made")()
	var all []report.Grant
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the grants that %s may retire: %w", by, err)
		}
		for _, g := range page.Grants {
			all = append(all, report.Grant{
				ID: aws.ToString(g.GrantId), Key: aws.ToString(g.KeyId), Principal: aws.ToString(g.GranteePrincipal),
				Since: aws.ToTime(g.CreationDate).UTC(), StandsIn: arn.Account(aws.ToString(g.KeyId)) == s.account,
			})
		}
	}
	slices.SortFunc(all, func(a, b report.Grant) int { return a.Since.Compare(b.Since) })
	return p.reply(report.Grants{All: all, Now: time.Now(), Place: s.place})
}
