package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"keymend/pkg/sandbox/cloudformation"
	"keymend/pkg/sandbox/lambda"
	"keymend/pkg/sandbox/wire"
)

// Destroy takes away what Deploy made of a template with these parameters, as the
// deletion of its stack does: what others rest on comes last. Log groups stay: the
// templates of Keymend retain them.
func (s *Sandbox) Destroy(template []byte, account, region string, params map[string]string) error {
	admin, err := s.iam.Authenticate(account, "", region)
	if err != nil {
		return fmt.Errorf("destroy: %w", err)
	}
	d := &destroyer{changer: changer{maker{s, wire.WithCaller(context.Background(), admin), nil}}}
	if err := cloudformation.Load(template, account, region, params, d); err != nil {
		return err
	}
	for _, r := range slices.Backward(d.all) {
		if err := d.destroy(r); err != nil {
			return fmt.Errorf("destroy %s: %w", r.LogicalID, err)
		}
	}
	s.stackSets.Forget(account, region, "keymend")
	return nil
}

// A destroyer takes away what a maker makes.
type destroyer struct {
	changer
	all []cloudformation.Resource // in the order in which they are made
}

// Make implements cloudformation.Maker: it makes nothing.
func (d *destroyer) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	d.all = append(d.all, r)
	made := cloudformation.Made{Ref: d.Name(r), Attributes: map[string]string{}}
	for _, attribute := range []string{"Arn", "RoleId", "StackSetId"} {
		made.Attributes[attribute] = r.LogicalID
	}
	return made, nil
}

func (d *destroyer) destroy(r cloudformation.Resource) error {
	switch r.Type {
	case "AWS::IAM::Role", "AWS::Events::Rule", "AWS::SSM::Parameter":
		return d.Delete(r)
	case "AWS::SQS::Queue":
		return d.deleteQueue(resource{r}.name("QueueName"))
	case "AWS::Lambda::Function":
		d.lambda.Delete(lambda.Function{Account: r.Account, Region: r.Region, Name: resource{r}.name("FunctionName")}.ARN())
	case "AWS::CloudFormation::StackSet":
		return d.DeleteStackSet(r.Account, r.Region, resource{r}.text("StackSetName"))
	}
	return nil
}

func (d *destroyer) deleteQueue(name string) error {
	at, err := d.sqs.GetQueueUrl(d.ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if none := (*wire.Error)(nil); errors.As(err, &none) && none.Code == "QueueDoesNotExist" {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = d.sqs.DeleteQueue(d.ctx, &sqs.DeleteQueueInput{QueueUrl: at.QueueUrl})
	return err
}
