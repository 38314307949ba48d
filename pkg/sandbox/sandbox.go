// Package sandbox is an AWS small enough to read and true enough to trust: EC2,
// Auto Scaling, KMS, IAM, STS, SSM, SQS, EventBridge, CloudTrail, CloudWatch
// Logs and Organizations on one endpoint that the SDKs, the AWS CLI and boto3 speak to, and
// Lambda functions that are the real built binaries.
//
// It holds any number of accounts and Regions, in memory. Callers are
// authenticated and authorised; launches fail without access to their keys,
// with AWS's own texts. What it doesn't have it refuses as NotInTheSandbox.
//
// Two clocks run: simulated time for what AWS does by itself (launches,
// back-off, delivery), real time for what clients measure (signatures, the
// expiry of sessions, the deadlines of functions).
//
// Nothing in the product imports it but cmd/keymend.
package sandbox

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"keymend/pkg/sandbox/autoscaling"
	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/cloudtrail"
	"keymend/pkg/sandbox/cloudwatch"
	"keymend/pkg/sandbox/ec2"
	"keymend/pkg/sandbox/eventbridge"
	"keymend/pkg/sandbox/iam"
	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/lambda"
	"keymend/pkg/sandbox/logs"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/organizations"
	"keymend/pkg/sandbox/sqs"
	"keymend/pkg/sandbox/ssm"
	"keymend/pkg/sandbox/stackset"
	"keymend/pkg/sandbox/wire"
)

// Options are how a sandbox begins.
type Options struct {
	Start    time.Time // simulated time at the beginning; zero = now
	Switches Switches
}

// A Sandbox is one AWS. Make one with New, and Close it.
type Sandbox struct {
	clock *clock.Clock
	api   http.Handler
	calls callLog

	iam         *iam.Service
	kms         *kms.Service
	ec2         *ec2.Service
	autoscaling *autoscaling.Service
	ssm         *ssm.Service
	sqs         *sqs.Service
	events      *eventbridge.Service
	logs        *logs.Service
	trail       *cloudtrail.Service
	metrics     *cloudwatch.Service
	lambda      *lambda.Service
	stackSets   *stackset.Service

	mu                       sync.Mutex
	switches                 Switches
	organizations            []organization.Organization
	servers, functionServers []*http.Server

	killing killing
	faults  faults
}

// New returns a sandbox with no accounts in it.
func New(o Options) (*Sandbox, error) {
	if o.Start.IsZero() {
		o.Start = time.Now().UTC()
	}
	c := clock.New(o.Start)
	s := &Sandbox{clock: c, iam: iam.New(c), ssm: ssm.New(c), sqs: sqs.New(c), logs: logs.New(c)}
	s.events = eventbridge.New(c, s.sqs, s.iam)
	s.trail = cloudtrail.New(c, s.events)
	s.metrics = cloudwatch.New(c, s.events)
	s.kms = kms.New(c, s.iam, s.record)
	s.ec2 = ec2.New(c, s.kms, s.events, s.ssm)
	s.autoscaling = autoscaling.New(c, s.ec2, s.iam, s.events, autoscaling.DefaultSwitches())
	s.lambda = lambda.New(c, s.sqs, s.logs, s.iam)
	s.lambda.SetRecord(s.record)
	s.stackSets = stackset.New(stackset.World{Clock: c, Organization: s.iam.Organization, Changer: s.changer})
	s.api = wire.NewHandler(s.services(), s.iam, s.record, s.faults.of)
	s.SetSwitches(o.Switches)
	return s, nil
}

// services are what the endpoint serves.
func (s *Sandbox) services() []wire.Service {
	all := []wire.Service{
		s.iam.Wire(), s.iam.WireSTS(), s.kms.Wire(), s.ec2.Wire(), s.autoscaling.Wire(), s.ssm.Wire(),
		s.sqs.Wire(), s.events.Wire(), s.logs.Wire(), s.trail.Wire(), s.metrics.Wire(), s.stackSets.Wire(), s.lambda.Wire(), organizations.New(s.iam.Organization).Wire(),
	}
	for i, service := range all {
		all[i] = refusing(service)
	}
	return all
}

// record logs a call and hands it to CloudTrail.
func (s *Sandbox) record(c wire.Call) {
	s.calls.add(s.clock.Now(), c)
	if c.Err != nil && c.Caller.InvokedBy != "" && !s.switchesNow().DenialNamesKey {
		c.Resources = nil
	}
	s.trail.Record(c)
}

// Clock returns the sandbox's simulated time.
func (s *Sandbox) Clock() *clock.Clock { return s.clock }

// Published returns what EventBridge's rules sent to an SNS topic, oldest first.
func (s *Sandbox) Published(topicARN string) []string { return s.events.Published(topicARN) }

// Close ends the endpoints and every function's process.
func (s *Sandbox) Close() error {
	s.lambda.Close()
	return errors.Join(s.closeServers(&s.servers), s.closeServers(&s.functionServers))
}
