package ssm

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"keymend/pkg/sandbox/wire"
)

// GetParameter answers with one parameter by its name, with ":VERSION" or ":LABEL"
// behind for a version of it; a ParameterNotFound where there is none. ARNs as
// names are not in the sandbox.
func (s *Service) GetParameter(ctx context.Context, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	p, ok := s.find(nameOf(wire.CallerOf(ctx), aws.ToString(in.Name)))
	if !ok {
		return nil, &types.ParameterNotFound{}
	}
	return &ssm.GetParameterOutput{Parameter: &p}, nil
}

// GetParameters answers with those of the named parameters that exist, and
// names the others.
func (s *Service) GetParameters(ctx context.Context, in *ssm.GetParametersInput) (*ssm.GetParametersOutput, error) {
	out := &ssm.GetParametersOutput{Parameters: []types.Parameter{}, InvalidParameters: []string{}}
	for _, n := range in.Names {
		if p, ok := s.find(nameOf(wire.CallerOf(ctx), n)); ok {
			out.Parameters = append(out.Parameters, p)
		} else {
			out.InvalidParameters = append(out.InvalidParameters, n)
		}
	}
	return out, nil
}

// PutParameter writes a new version. A parameter that exists is written over
// only where Overwrite says so.
func (s *Service) PutParameter(ctx context.Context, in *ssm.PutParameterInput) (*ssm.PutParameterOutput, error) {
	at := nameOf(wire.CallerOf(ctx), aws.ToString(in.Name))
	if at.path == "" || in.Value == nil {
		return nil, wire.Errorf("ValidationException", "Name and Value must be given.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.values[at]
	if len(old) > 0 && (in.Overwrite == nil || !*in.Overwrite) {
		return nil, &types.ParameterAlreadyExists{Message: new("The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")}
	}
	p := types.Parameter{
		Name: in.Name, Value: in.Value, Type: in.Type, Version: int64(len(old)) + 1, DataType: in.DataType,
		ARN: new(arn(at)), LastModifiedDate: new(s.clock.Now()),
	}
	if p.Type == "" {
		p.Type = types.ParameterTypeString
	}
	if p.DataType == nil {
		p.DataType = new("text")
	}
	s.values[at] = append(old, version{Parameter: p})
	return &ssm.PutParameterOutput{Version: p.Version, Tier: types.ParameterTierStandard}, nil
}

// DeleteParameter removes a parameter.
func (s *Service) DeleteParameter(ctx context.Context, in *ssm.DeleteParameterInput) (*ssm.DeleteParameterOutput, error) {
	at := nameOf(wire.CallerOf(ctx), aws.ToString(in.Name))
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.values[at]; !ok {
		return nil, &types.ParameterNotFound{}
	}
	delete(s.values, at)
	return &ssm.DeleteParameterOutput{}, nil
}

// LabelParameterVersion gives a version labels; the newest where it names none. A
// label that another version had moves.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
func (s *Service) LabelParameterVersion(ctx context.Context, in *ssm.LabelParameterVersionInput) (*ssm.LabelParameterVersionOutput, error) {
	at := nameOf(wire.CallerOf(ctx), aws.ToString(in.Name))
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.values[at]
	number := int64(len(all))
	if in.ParameterVersion != nil {
		number = *in.ParameterVersion
	}
	if len(all) == 0 {
		return nil, &types.ParameterNotFound{}
	}
	if number < 1 || number > int64(len(all)) {
		return nil, &types.ParameterVersionNotFound{}
	}
	for i := range all {
		all[i].labels = slices.DeleteFunc(slices.Clone(all[i].labels), func(l string) bool { return slices.Contains(in.Labels, l) })
	}
	all[number-1].labels = append(all[number-1].labels, in.Labels...)
	return &ssm.LabelParameterVersionOutput{ParameterVersion: number, InvalidLabels: []string{}}, nil
}

// find returns the newest version, or the one that the name chooses.
func (s *Service) find(at name) (types.Parameter, bool) {
	path, selector, chosen := strings.Cut(at.path, ":")
	at.path = path
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range slices.Backward(s.values[at]) {
		if !chosen || selector == strconv.FormatInt(v.Version, 10) || slices.Contains(v.labels, selector) {
			p := v.Parameter
			if chosen {
				p.Selector = new(":" + selector)
			}
			return p, true
		}
	}
	return types.Parameter{}, false
}

// resources returns the parameters that a request names.
func resources(c *wire.Caller, in any) (arns []string) {
	names := []string{wire.Member(in, "Name")}
	if many, ok := in.(*ssm.GetParametersInput); ok {
		names = many.Names
	}
	for _, n := range names {
		n, _, _ = strings.Cut(n, ":")
		arns = append(arns, arn(nameOf(c, n)))
	}
	return arns
}

// arn names a parameter; AWS writes one slash before a name, whether the name
// begins with one or not.
func arn(at name) string {
	return fmt.Sprintf("arn:aws:ssm:%s:%s:parameter/%s", at.region, at.account, strings.TrimPrefix(at.path, "/"))
}
