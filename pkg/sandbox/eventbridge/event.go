// Package eventbridge is the sandbox's EventBridge: rules on the default bus of
// each account and Region and on buses that are made, with the pattern operators of the
// EventBridge user guide, delivering to SQS queues and to buses of other accounts and
// Regions.
package eventbridge

import (
	"encoding/json"
	"fmt"
	"time"
)

// An Event is what a service or a customer puts on a bus.
type Event struct {
	Source, DetailType string
	Resources          []string
	Detail             any    // what JSON encodes; an object
	ID                 string // "" = a fresh one
	Time               time.Time
}

// An envelope is an event as rules match it and targets receive it.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// body returns the event as a target receives it.
func (e Event) body(account, region string) ([]byte, error) {
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return nil, fmt.Errorf("encode detail of %s: %w", e.DetailType, err)
	}
	resources := e.Resources
	if resources == nil {
		resources = []string{}
	}
	return json.Marshal(envelope{
		Version: "0", ID: e.ID, DetailType: e.DetailType, Source: e.Source, Account: account,
		Time: e.Time.UTC().Format(time.RFC3339), Region: region, Resources: resources, Detail: detail,
	})
}
