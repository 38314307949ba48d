// Package ssm is the sandbox's Systems Manager: its parameters, which launch
// templates and Keymend's kill switch read.
package ssm

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/wire"
)

// A Service is the parameters of all accounts and Regions. Make one with New.
type Service struct {
	clock *clock.Clock

	mu     sync.Mutex
	values map[name][]version // oldest first
}

// A version of a parameter, and the labels that people gave it.
type version struct {
	types.Parameter
	labels []string
}

// A name is where a parameter stands.
type name struct{ account, region, path string }

func nameOf(c *wire.Caller, path string) name { return name{c.Account, c.Region, path} }

// New returns a Service without parameters.
func New(c *clock.Clock) *Service {
	return &Service{clock: c, values: map[name][]version{}}
}

// Wire returns the service as the dispatcher takes it.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "ssm", Protocol: wire.JSON, Target: "AmazonSSM", Version: "1.1",
		Denied: "AccessDeniedException", DeniedCode: 400,
		Operations: []wire.Operation{
			wire.Handle("GetParameter", s.GetParameter),
			wire.Handle("GetParameters", s.GetParameters),
			wire.Handle("PutParameter", s.PutParameter),
			wire.Handle("DeleteParameter", s.DeleteParameter),
			wire.Handle("LabelParameterVersion", s.LabelParameterVersion),
		},
	}.On(resources)
}

// Value returns the value of a parameter, of a version of it where its name has
// ":VERSION" or ":LABEL" behind; false where there is none.
func (s *Service) Value(account, region, path string) (string, bool) {
	p, ok := s.find(name{account, region, path})
	if !ok {
		return "", false
	}
	return *p.Value, true
}
