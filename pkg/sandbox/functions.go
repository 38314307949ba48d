package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keymend/pkg/sandbox/cloudformation"
	"keymend/pkg/sandbox/lambda"
)

// functionProperties are what the sandbox takes of AWS::Lambda::Function.
type functionProperties struct {
	Role        string
	Environment struct{ Variables map[string]any }
	Timeout     float64 // seconds
	MemorySize  float64 // MB

	LoggingConfig struct{ LogGroup string }
}

func (m maker) function(r resource) (cloudformation.Made, error) {
	p, err := into[functionProperties](r.Properties)
	if err != nil {
		return cloudformation.Made{}, err
	}
	f := lambda.Function{
		Account: r.Account, Region: r.Region, Name: r.name("FunctionName"), RoleARN: p.Role, Env: map[string]string{},
		Timeout: seconds(p.Timeout), MemoryMB: int(p.MemorySize), LogGroup: p.LoggingConfig.LogGroup,
	}
	if f.Binary = m.binaryOf(r.LogicalID, f.Name); f.Binary == "" {
		return cloudformation.Made{}, fmt.Errorf("no binary was given for function %s (%s)", r.LogicalID, f.Name)
	}
	for name, value := range p.Environment.Variables {
		f.Env[name] = textOf(value)
	}
	if err := m.lambda.Create(f); err != nil {
		return cloudformation.Made{}, err
	}
	return made(f.Name, f.ARN()), nil
}

// binaryOf finds a function's binary by its logical id, its name, or the last
// word of its name, in any case: "diagnose" for keymend-diagnose.
func (m maker) binaryOf(logicalID, name string) string {
	short := name[strings.LastIndexByte(name, '-')+1:]
	for given, path := range m.binaries {
		if slices.ContainsFunc([]string{logicalID, name, short}, func(s string) bool { return strings.EqualFold(s, given) }) {
			return path
		}
	}
	return ""
}

// mappingProperties are what the sandbox takes of
// AWS::Lambda::EventSourceMapping.
type mappingProperties struct {
	EventSourceArn, FunctionName   string
	BatchSize                      float64
	MaximumBatchingWindowInSeconds float64
	FunctionResponseTypes          []string
}

func (m maker) eventSource(r resource) (cloudformation.Made, error) {
	p, err := into[mappingProperties](r.Properties)
	if err != nil {
		return cloudformation.Made{}, err
	}
	arn := p.FunctionName
	if !strings.HasPrefix(arn, "arn:") {
		arn = lambda.Function{Account: r.Account, Region: r.Region, Name: arn}.ARN()
	}
	err = m.lambda.Map(lambda.Mapping{
		ID: r.LogicalID, QueueARN: p.EventSourceArn, FunctionARN: arn, BatchSize: int(p.BatchSize), Window: seconds(p.MaximumBatchingWindowInSeconds),
		ReportFailures: slices.Contains(p.FunctionResponseTypes, "ReportBatchItemFailures"),
	})
	return cloudformation.Made{Ref: r.LogicalID}, err
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
