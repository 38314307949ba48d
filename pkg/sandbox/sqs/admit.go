package sqs

import (
	"slices"
	"strings"

	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/wildcard"
)

// Admits reports whether a queue's policy lets an AWS service send messages on
// behalf of sourceARN. Of conditions it knows ArnEquals, ArnLike, StringEquals
// and StringLike on aws:SourceArn, which is what rules need; another condition
// doesn't match.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sqs-permissions
func (s *Service) Admits(queueARN, service, sourceARN string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[queueARN]
	if q == nil {
		return false
	}
	doc, err := keypolicy.Parse(q.attributes["Policy"])
	if err != nil {
		return false
	}
	allowed := false
	for _, st := range doc.Statements() {
		if !admits(st, queueARN, service, sourceARN) {
			continue
		}
		if st.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}

func admits(st keypolicy.Statement, queueARN, service, sourceARN string) bool {
	named := st.Principal != nil && (st.Principal.Any() || slices.Contains(st.Principal.Service, service))
	action := slices.ContainsFunc(st.Action, func(a string) bool {
		return wildcard.Match(strings.ToLower(a), "sqs:sendmessage")
	})
	resource := len(st.Resource) == 0 || slices.ContainsFunc(st.Resource, func(r string) bool { return wildcard.Match(r, queueARN) })
	return named && action && resource && !slices.ContainsFunc(st.Condition, func(c keypolicy.Condition) bool {
		return !fromSource(c, sourceARN)
	})
}

func fromSource(c keypolicy.Condition, sourceARN string) bool {
	return strings.EqualFold(c.Key, "aws:SourceArn") &&
		slices.Contains([]string{"ArnEquals", "ArnLike", "StringEquals", "StringLike"}, c.Operator) &&
		slices.ContainsFunc(c.Values, func(v string) bool { return wildcard.Match(v, sourceARN) })
}
