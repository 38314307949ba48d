// Package ec2 is the sandbox's EC2: volumes, snapshots, images, launch
// templates, and instances whose volumes ask KMS for their keys as AWS's do.
//
// It decides which keys a launch needs by itself and must import neither
// keymend/pkg/launch nor keymend/pkg/observe: the product and its sandbox are two
// readings of the same AWS pages, so that one can catch the other's mistake.
package ec2

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/eventbridge"
	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/wire"
)

// Keys is what a launch asks of KMS.
type Keys interface {
	// Use asks KMS for an operation as c. An error is a refusal, for want of
	// access or because of the key's state.
	Use(c *wire.Caller, keyID, operation string, u kms.Use) (keyARN string, err error)
	// DescribeForLaunch resolves a key's id, alias or ARN as seen from an account
	// and Region; false where there is no such key.
	DescribeForLaunch(account, region, keyID string) (arn string, manager string, ok bool)
	// EnsureAWSManaged returns the ARN of the key behind alias/aws/ebs.
	EnsureAWSManaged(account, region string) (keyARN string)
	// Release retires what was granted to somebody, as EBS does by itself once an
	// instance is gone.
	Release(account, region, grantee string)
}

// A Bus takes the events of an account and Region.
type Bus interface {
	Put(account, region string, e eventbridge.Event)
}

// Params resolves the parameters that resolve:ssm: image ids name.
type Params interface {
	Value(account, region, name string) (string, bool)
}

// Switches choose among what AWS may do.
type Switches struct {
	// OldFailureText: a refused key ends in "Client.InternalError: Client error
	// on launch", as AWS's documentation has it still, instead of
	// "Client.InvalidKMSKey.InvalidState: …". [?] Which one a given account gets.
	OldFailureText bool `json:"oldFailureText"`
	// InstanceViaService: EC2's Decrypt as the instance's own role carries
	// kms:ViaService. [?] Public policies show it without.
	InstanceViaService bool `json:"instanceViaService"`
	// SameKeyAnew: a volume of another account's snapshot under one and the same key
	// is encrypted anew, so that it asks for what a volume under another key does. [?]
	SameKeyAnew bool `json:"sameKeyAnew"`
	// SnapshotsInUse is how many times DeleteSnapshot refuses the snapshots of an image
	// that was deregistered. [?] AWS does so "for a while".
	SnapshotsInUse int `json:"snapshotsInUse"`
	// NoCapacity are instance types ("m5.large"), Availability Zones
	// ("eu-west-1a"), or both ("m5.large eu-west-1a") without capacity. Not a
	// [?]: it stages a failure that has nothing to do with keys.
	NoCapacity []string `json:"noCapacity"`
}

// An Observer is told of every state that an instance enters. The reason is nil
// for states that have none.
type Observer func(account, region, instanceID, state string, reason *types.StateReason)

// A Service is EC2 in all accounts and Regions. Make one with New.
type Service struct {
	clock  *clock.Clock
	keys   Keys
	bus    Bus
	params Params

	mu        sync.Mutex // never held while another service is called
	switches  Switches
	observers []Observer
	stores    map[place]*store
	serial    int
}

// New returns an empty EC2 that behaves as AWS does today.
func New(c *clock.Clock, keys Keys, bus Bus, params Params) *Service {
	return &Service{clock: c, keys: keys, bus: bus, params: params, stores: map[place]*store{}}
}

// SetSwitches changes how launches from now on behave.
func (s *Service) SetSwitches(sw Switches) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switches = sw
}

// OnInstance has f told of instances' states from now on. f runs without EC2's
// lock and may call EC2.
func (s *Service) OnInstance(f func(account, region, instanceID, state string, reason *types.StateReason)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observers = append(s.observers, f)
}
