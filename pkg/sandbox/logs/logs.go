// Package logs is the sandbox's CloudWatch Logs: groups, streams and events,
// with the filters that audit records are read by.
package logs

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// A Service is CloudWatch Logs.
type Service struct {
	clock *clock.Clock

	mu     sync.Mutex
	groups map[groupName]*group
	serial int
}

type groupName struct{ account, region, name string }

func (n groupName) arn() string {
	return "arn:aws:logs:" + n.region + ":" + n.account + ":log-group:" + n.name
}

type group struct {
	groupName
	created   time.Time
	retention *int32
	class     types.LogGroupClass
	streams   map[string]time.Time // created
	events    []event              // in the order they came
}

type event struct {
	serial   int
	stream   string
	at, came time.Time
	line     string
}

// New returns a service without log groups.
func New(c *clock.Clock) *Service { return &Service{clock: c, groups: map[groupName]*group{}} }

// Wire returns the API.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "logs", Protocol: wire.JSON, Target: "Logs_20140328", Version: "1.1",
		Denied: "AccessDeniedException", DeniedCode: 400,
		Operations: []wire.Operation{
			wire.Handle("CreateLogGroup", s.CreateLogGroup), wire.Handle("DeleteLogGroup", s.DeleteLogGroup),
			wire.Handle("DescribeLogGroups", s.DescribeLogGroups), wire.Handle("PutRetentionPolicy", s.PutRetentionPolicy),
			wire.Handle("CreateLogStream", s.CreateLogStream), wire.Handle("DescribeLogStreams", s.DescribeLogStreams),
			wire.Handle("PutLogEvents", s.PutLogEvents), wire.Handle("GetLogEvents", s.GetLogEvents),
			wire.Handle("FilterLogEvents", s.FilterLogEvents),
		},
	}.On(resources)
}

// resources returns the log group that a request names.
func resources(c *wire.Caller, in any) []string {
	if name := named(in); name != "" {
		return []string{groupName{c.Account, c.Region, name}.arn() + ":*"}
	}
	return nil
}

// named returns the log group that an input names, by its name or its ARN; ""
// for none.
func named(in any) string {
	id := wire.Member(in, "LogGroupName", "LogGroupIdentifier")
	if _, after, ok := strings.Cut(id, ":log-group:"); ok {
		return strings.TrimSuffix(after, ":*")
	}
	return id
}

// Append writes a line, as a service does that logs for a customer. The group
// and the stream are made where they are missing.
func (s *Service) Append(account, region, group, stream string, at time.Time, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.ensure(groupName{account, region, group})
	if _, ok := g.streams[stream]; !ok {
		g.streams[stream] = s.clock.Now()
	}
	s.write(g, stream, at, line)
}

// Lines counts the lines of all groups so far.
func (s *Service) Lines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serial
}

func (s *Service) ensure(n groupName) *group {
	g := s.groups[n]
	if g == nil {
		g = &group{groupName: n, created: s.clock.Now(), class: types.LogGroupClassStandard, streams: map[string]time.Time{}}
		s.groups[n] = g
	}
	return g
}

func (s *Service) write(g *group, stream string, at time.Time, line string) {
	s.serial++
	g.events = append(g.events, event{s.serial, stream, at, s.clock.Now(), line})
}

// with does something to the caller's group that an input names, under the lock.
func (s *Service) with(ctx context.Context, in any, f func(*group) error) error {
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[groupName{c.Account, c.Region, named(in)}]
	if g == nil {
		return wire.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
	}
	return f(g)
}

// CreateLogGroup makes a group; one that is there is an error.
func (s *Service) CreateLogGroup(ctx context.Context, in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	c := wire.CallerOf(ctx)
	name := groupName{c.Account, c.Region, aws.ToString(in.LogGroupName)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups[name] != nil {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	g := s.ensure(name)
	g.class = cmp.Or(in.LogGroupClass, g.class)
	return &cloudwatchlogs.CreateLogGroupOutput{}, nil
}

// DeleteLogGroup deletes a group and its events.
func (s *Service) DeleteLogGroup(ctx context.Context, in *cloudwatchlogs.DeleteLogGroupInput) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	return &cloudwatchlogs.DeleteLogGroupOutput{}, s.with(ctx, in, func(g *group) error {
		delete(s.groups, g.groupName)
		return nil
	})
}

// PutRetentionPolicy sets a group's retention. Nothing expires in the sandbox.
func (s *Service) PutRetentionPolicy(ctx context.Context, in *cloudwatchlogs.PutRetentionPolicyInput) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	return &cloudwatchlogs.PutRetentionPolicyOutput{}, s.with(ctx, in, func(g *group) error {
		g.retention = in.RetentionInDays
		return nil
	})
}

// DescribeLogGroups answers with the caller's groups by name.
func (s *Service) DescribeLogGroups(ctx context.Context, in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []types.LogGroup{}
	for n, g := range s.groups {
		if n.account == c.Account && n.region == c.Region && strings.HasPrefix(n.name, aws.ToString(in.LogGroupNamePrefix)) {
			all = append(all, types.LogGroup{LogGroupName: new(n.name), Arn: new(n.arn() + ":*"), LogGroupArn: new(n.arn()),
				CreationTime: new(g.created.UnixMilli()), RetentionInDays: g.retention, LogGroupClass: g.class})
		}
	}
	slices.SortFunc(all, func(a, b types.LogGroup) int { return cmp.Compare(*a.LogGroupName, *b.LogGroupName) })
	page, next, err := paging.Cut(all, in.Limit, in.NextToken, pages(50))
	return &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: page, NextToken: next}, err
}

// CreateLogStream makes a stream; one that is there is an error.
func (s *Service) CreateLogStream(ctx context.Context, in *cloudwatchlogs.CreateLogStreamInput) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	return &cloudwatchlogs.CreateLogStreamOutput{}, s.with(ctx, in, func(g *group) error {
		if _, ok := g.streams[aws.ToString(in.LogStreamName)]; ok {
			return wire.Errorf("ResourceAlreadyExistsException", "The specified log stream already exists")
		}
		g.streams[aws.ToString(in.LogStreamName)] = s.clock.Now()
		return nil
	})
}

// DescribeLogStreams answers with a group's streams by name.
func (s *Service) DescribeLogStreams(ctx context.Context, in *cloudwatchlogs.DescribeLogStreamsInput) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	all := []types.LogStream{}
	err := s.with(ctx, in, func(g *group) error {
		for name, created := range g.streams {
			if strings.HasPrefix(name, aws.ToString(in.LogStreamNamePrefix)) {
				all = append(all, types.LogStream{LogStreamName: new(name), CreationTime: new(created.UnixMilli()), Arn: new(g.arn() + ":log-stream:" + name)})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b types.LogStream) int { return cmp.Compare(*a.LogStreamName, *b.LogStreamName) })
	page, next, err := paging.Cut(all, in.Limit, in.NextToken, pages(50))
	return &cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: page, NextToken: next}, err
}

// pages is how CloudWatch Logs pages; most is also what is usual.
func pages(most int) paging.Rule {
	return paging.Rule{Usual: most, Most: most, Refusal: wire.Errorf("InvalidParameterException", "The specified nextToken is invalid.")}
}
