package sandbox

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"keymend/pkg/sandbox/cloudformation"
	"keymend/pkg/sandbox/lambda"
	"keymend/pkg/sandbox/wire"
)

// Destroy takes away what Deploy made of a template with these parameters, as the
// deletion of its stack does. Log groups stay: the templates of Keymend retain them.
func (s *Sandbox) Destroy(template []byte, account, region string, params map[string]string) error {
	c, err := s.changer(account, region)
	if err != nil {
		return fmt.Errorf("destroy: %w", err)
	}
	return cloudformation.Load(template, account, region, params, destroyer{c.(changer)})
}

// A destroyer takes away what a maker makes.
type destroyer struct{ changer }

// Make implements cloudformation.Maker.
func (d destroyer) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	gone := cloudformation.Made{Ref: d.Name(r), Attributes: map[string]string{}}
	for _, attribute := range []string{"Arn", "RoleId"} {
		gone.Attributes[attribute] = r.LogicalID
	}
	switch r.Type {
	case "AWS::IAM::Role", "AWS::Events::Rule", "AWS::SSM::Parameter":
		return gone, d.Delete(r)
	case "AWS::SQS::Queue":
		return gone, d.deleteQueue(resource{r}.name("QueueName"))
	case "AWS::Lambda::Function":
		d.lambda.Delete(lambda.Function{Account: r.Account, Region: r.Region, Name: resource{r}.name("FunctionName")}.ARN())
	}
	return gone, nil
}

func (d destroyer) deleteQueue(name string) error {
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
