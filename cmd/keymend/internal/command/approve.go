package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/apply/table"
	"keymend/pkg/arn"
	"keymend/pkg/permission"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/queue"
	"keymend/pkg/wiring"
)

type approve struct {
	ID       string `arg:"" help:"Id of the proposal, as in r-1a2b3c4d5e6f7a8b; its record and its event have it." placeholder:"ID"`
	Ticket   string `help:"What stands on record beside your name: the ticket by which it was decided." placeholder:"TEXT"`
	File     string `help:"File with the proposal's audit record, one a line." xor:"source" type:"path" placeholder:"AUDIT.jsonl"`
	LogGroup string `name:"log-group" help:"CloudWatch log group with the proposal." default:"${findings}" placeholder:"NAME"`
	Yes      bool   `help:"Don't ask."`
}

const changes = deployed + "changes.fifo"

// findingsGroup is the log group of the function that proposes.
func findingsGroup() string { return permission.Place{Prefix: deployed}.LogGroup(permission.Diagnose) }

func (approve) about() about {
	return about{
		examples: []string{"keymend approve r-1a2b3c4d5e6f7a8b --ticket CHG-4711"},
		ends:     ends{report.Healed: "approved: the functions carry it out", report.Misused: "wrong usage; or it can't be approved, which standard error explains", report.Fixable: "not approved: the answer was no, or nobody could be asked"},
	}
}

// Run shows a proposal, and hands it to the functions as approved by the caller: in a
// session of the approver's role that bears the caller's name. It writes nothing itself.
func (c approve) Run(ctx context.Context, p *program) error {
	if !remediationID.MatchString(c.ID) {
		return misused("%q is no proposal's id, as in r-1a2b3c4d5e6f7a8b", c.ID)
	}
	s, err := p.login(ctx)
	if err != nil {
		return err
	}
	name := s.arn[strings.LastIndexByte(s.arn, '/')+1:]
	as, err := s.approver(ctx, name)
	if err != nil {
		return err
	}
	r, err := c.proposal(ctx, as)
	if err != nil {
		return err
	}
	if r.Account != s.account {
		return misused("%s is about account %s; these credentials are for account %s: give --profile", c.ID, r.Account, s.account)
	}
	m, err := queue.Approval(r, name, c.Ticket, table.Kinds().Kinds())
	if err != nil {
		return misused("approve %s: %w", c.ID, err)
	}
	asked := report.Proposal{Record: r, By: name, Ticket: c.Ticket}
	if err := c.show(p, asked); err != nil {
		return err
	}
	yes := c.Yes
	if !yes && p.Asks {
		if yes, err = p.ask(ctx, "Approve it?"); err != nil {
			return err
		}
	}
	if yes {
		as.Region = r.Region
		if err := send(ctx, as, m); err != nil {
			return err
		}
		asked.Sent = true
	}
	return p.reply(asked)
}

// show shows the proposal: on standard error, where standard output takes JSON.
func (c approve) show(p *program, asked report.Proposal) error {
	page := p.page()
	if p.json() {
		page = screen.New(p.Err, p.coloured(p.Err))
	}
	if p.json() && c.Yes {
		return nil
	}
	asked.Ask(page)
	return page.Flush()
}

// approver returns a session of the approver's role with the caller's name, as its trust
// policy asks; the caller's own where it is one already.
func (s session) approver(ctx context.Context, name string) (aws.Config, error) {
	if strings.Contains(s.arn, ":assumed-role/"+deployed+string(permission.Approver)+"/") {
		return s.aws, nil
	}
	role := permission.Place{Partition: arn.Partition(s.arn), Account: s.account, Prefix: deployed}.ARN(permission.Approver)
	out, err := sts.NewFromConfig(s.aws).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: &name})
	if err != nil {
		return aws.Config{}, fmt.Errorf("take the role by which people approve: %w", err)
	}
	as := s.aws.Copy()
	of := out.Credentials
	as.Credentials = credentials.NewStaticCredentialsProvider(aws.ToString(of.AccessKeyId), aws.ToString(of.SecretAccessKey), aws.ToString(of.SessionToken))
	return as, nil
}

// proposal returns the newest record of the proposal.
func (c approve) proposal(ctx context.Context, as aws.Config) (record.Record, error) {
	where := cmp.Or(c.File, "log group "+c.LogGroup)
	var all []record.Record
	var err error
	if c.File != "" {
		all, err = fromFile(ctx, c.File)
	} else {
		all, err = fromLog(ctx, as, c.LogGroup, record.Where("proposal", c.ID))
	}
	if err != nil {
		return record.Record{}, err
	}
	for _, r := range slices.Backward(all) {
		if r.Proposal == c.ID {
			return r, nil
		}
	}
	return record.Record{}, misused("%s has no proposal %s; name the place of its audit records with --file or --log-group, and its Region with --region", where, c.ID)
}

// send hands the message to the function that writes.
func send(ctx context.Context, as aws.Config, m remediation.Message) error {
	client := sqs.NewFromConfig(as)
	found, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: new(changes)})
	if err != nil {
		return fmt.Errorf("find queue %s: %w", changes, err)
	}
	return wiring.Changes{SQS: client, URL: aws.ToString(found.QueueUrl)}.Send(ctx, m)
}
