package eventbridge

import (
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/wire"
)

// rate reads a schedule, as in "rate(15 minutes)". "If the value is equal to 1, then
// the unit must be singular."
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func rate(expression string) (time.Duration, error) {
	refused := wire.Errorf("ValidationException", "Parameter ScheduleExpression is not valid.")
	m := regexp.MustCompile(`^rate\(([1-9][0-9]{0,4}) (minute|hour|day)(s?)\)$`).FindStringSubmatch(expression)
	if m == nil {
		return 0, refused
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || (n == 1) != (m[3] == "") {
		return 0, refused
	}
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m[2]]
	return time.Duration(n) * unit, nil
}

// start lets a rule run at its rate, for as long as it has that rate.
func (s *Service) start(r *rule) {
	every := r.every
	if every == 0 {
		return
	}
	s.clock.Every(every, func() bool {
		targets, on, still := s.due(r, every)
		for _, t := range targets {
			if on && still {
				s.deliver(delivery{rule: r.arn(), account: r.account, region: r.region, target: t}, r.scheduled(s.clock.Now()))
			}
		}
		return still
	})
}

// due returns a rule's targets, whether it is enabled, and whether it still has this
// rate.
func (s *Service) due(r *rule, every time.Duration) (targets []types.Target, on, still bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.targets, r.state != types.RuleStateDisabled, s.rules[r.ruleName] == r && r.every == every
}

// scheduled is the event that a schedule makes.
func (r *rule) scheduled(now time.Time) string {
	e := Event{Source: "aws.events", DetailType: "Scheduled Event", ID: ident.UUID(), Time: now, Resources: []string{r.arn()}, Detail: json.RawMessage("{}")}
	body, err := e.body(r.account, r.region)
	if err != nil {
		panic(err) // it is made of texts
	}
	return string(body)
}
