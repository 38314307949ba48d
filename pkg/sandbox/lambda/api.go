package lambda

import (
	"context"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"keymend/pkg/sandbox/wire"
)

// Wire returns the API: it shows what templates made, and changes nothing.
func (s *Service) Wire() wire.Service {
	function := wire.Handle("GetFunctionConfiguration", s.getFunctionConfiguration)
	function.Path = "/2015-03-31/functions/{FunctionName}/configuration"
	mapping := wire.Handle("GetEventSourceMapping", s.getEventSourceMapping)
	mapping.Path = "/2015-03-31/event-source-mappings/{UUID}"
	return wire.Service{
		Name: "lambda", Protocol: wire.REST, Denied: "AccessDeniedException", DeniedCode: 403, Operations: []wire.Operation{function, mapping},
	}.On(func(c *wire.Caller, in any) []string {
		if id := wire.Member(in, "UUID"); id != "" {
			return []string{mappingARN(c.Account, c.Region, id)}
		}
		return []string{functionARN(c, wire.Member(in, "FunctionName"))}
	})
}

// functionARN takes a function's name or ARN.
func functionARN(c *wire.Caller, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return Function{Account: c.Account, Region: c.Region, Name: name}.ARN()
}

func mappingARN(account, region, id string) string {
	return "arn:aws:lambda:" + region + ":" + account + ":event-source-mapping:" + id
}

func (s *Service) getFunctionConfiguration(ctx context.Context, in *lambda.GetFunctionConfigurationInput) (*lambda.GetFunctionConfigurationOutput, error) {
	at := functionARN(wire.CallerOf(ctx), aws.ToString(in.FunctionName))
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.processes[at]
	if p == nil {
		return nil, &wire.Error{Code: "ResourceNotFoundException", Message: "Function not found: " + at, Status: 404}
	}
	f := p.function
	return &lambda.GetFunctionConfigurationOutput{
		FunctionName: &f.Name, FunctionArn: &at, Role: &f.RoleARN, Version: new("$LATEST"), State: types.StateActive, LastUpdateStatus: types.LastUpdateStatusSuccessful,
		Timeout: new(int32(f.Timeout.Seconds())), MemorySize: new(int32(f.MemoryMB)), Environment: &types.EnvironmentResponse{Variables: maps.Clone(f.Env)}, //nolint:gosec // both are small
		LoggingConfig: &types.LoggingConfig{LogGroup: &f.LogGroup, LogFormat: types.LogFormatText},
	}, nil
}

func (s *Service) getEventSourceMapping(ctx context.Context, in *lambda.GetEventSourceMappingInput) (*lambda.GetEventSourceMappingOutput, error) {
	c := wire.CallerOf(ctx)
	at := mappingARN(c.Account, c.Region, aws.ToString(in.UUID))
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.mappings[at]
	if !ok || s.processes[m.FunctionARN] == nil {
		return nil, &wire.Error{Code: "ResourceNotFoundException", Message: "The resource you requested does not exist.", Status: 404}
	}
	return &lambda.GetEventSourceMappingOutput{
		UUID: &m.ID, EventSourceMappingArn: &at, EventSourceArn: &m.QueueARN, FunctionArn: &m.FunctionARN, State: new("Enabled"),
		BatchSize: new(int32(m.BatchSize)), MaximumBatchingWindowInSeconds: new(int32(m.Window.Seconds())), //nolint:gosec // both are small
	}, nil
}
