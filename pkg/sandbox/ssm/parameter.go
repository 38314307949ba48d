package ssm

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"keymend/pkg/sandbox/wire"
)

// GetParameter answers with one parameter, by name, ARN or name:version; a
// ParameterNotFound where there is none.
func (s *Service) GetParameter(ctx context.Context, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	p, ok := s.selected(wire.CallerOf(ctx), aws.ToString(in.Name))
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
		if p, ok := s.selected(wire.CallerOf(ctx), n); ok {
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
	c := wire.CallerOf(ctx)
	at := name{c.Account, c.Region, aws.ToString(in.Name)}
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
		Name: in.Name, Value: in.Value, Type: in.Type, Version: int64(len(old) + 1), DataType: in.DataType,
		ARN: new(arn(at)), LastModifiedDate: new(s.clock.Now()),
	}
	if p.Type == "" {
		p.Type = types.ParameterTypeString
	}
	if p.DataType == nil {
		p.DataType = new("text")
	}
	s.values[at] = append(old, p)
	return &ssm.PutParameterOutput{Version: p.Version, Tier: types.ParameterTierStandard}, nil
}

// DeleteParameter removes a parameter and its versions.
func (s *Service) DeleteParameter(ctx context.Context, in *ssm.DeleteParameterInput) (*ssm.DeleteParameterOutput, error) {
	c := wire.CallerOf(ctx)
	at := name{c.Account, c.Region, aws.ToString(in.Name)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.values[at]; !ok {
		return nil, &types.ParameterNotFound{}
	}
	delete(s.values, at)
	return &ssm.DeleteParameterOutput{}, nil
}

// selected finds what a request names: a name, or an ARN of the caller's own
// account and Region, either with :version behind it.
func (s *Service) selected(c *wire.Caller, n string) (types.Parameter, bool) {
	at := name{account: c.Account, region: c.Region}
	path, version := n, ""
	if rest, ok := strings.CutPrefix(n, prefix(at)); ok {
		path = rest
		if strings.Count(rest, "/") > 0 {
			path = "/" + rest
		}
	}
	if i := strings.LastIndexByte(path, ':'); i >= 0 {
		path, version = path[:i], path[i+1:]
	}
	at.path = path
	p, ok := s.find(at, version)
	if ok && version != "" {
		p.Selector = new(":" + version)
	}
	return p, ok
}

// find returns a version of a parameter; "" is the newest.
func (s *Service) find(at name, version string) (types.Parameter, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := s.values[at]
	i := len(versions)
	if version != "" {
		n, err := strconv.Atoi(version)
		if err != nil {
			return types.Parameter{}, false
		}
		i = n
	}
	if i < 1 || i > len(versions) {
		return types.Parameter{}, false
	}
	return versions[i-1], true
}

// resources returns the parameters that a request names.
func resources(c *wire.Caller, in any) (arns []string) {
	names := []string{wire.Member(in, "Name")}
	if many, ok := in.(*ssm.GetParametersInput); ok {
		names = many.Names
	}
	for _, n := range names {
		if !strings.HasPrefix(n, "arn:") {
			path, _, _ := strings.Cut(n, ":") // without the version
			n = arn(name{c.Account, c.Region, path})
		}
		arns = append(arns, n)
	}
	return arns
}

func prefix(at name) string {
	return fmt.Sprintf("arn:aws:ssm:%s:%s:parameter/", at.region, at.account)
}

// arn names a parameter; AWS writes one slash before a name, whether the name
// begins with one or not.
func arn(at name) string { return prefix(at) + strings.TrimPrefix(at.path, "/") }
