package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// controlPath is where the control API lives. No AWS service has such a path.
const controlPath = "/_keymend/"

// control answers the control API; docs/sandbox.md describes it.
func (s *Sandbox) control(w http.ResponseWriter, r *http.Request) {
	var value any
	var err error
	switch r.Method + " " + r.URL.Path[len(controlPath):] {
	case "GET clock":
		value = s.clockState()
	case "POST clock":
		value, err = s.moveClock(r)
	case "GET switches":
		value = s.switchesNow().text()
	case "POST switches":
		value, err = s.changeSwitches(r)
	case "GET organizations":
		value = organizationList{s.Organizations()}
	case "POST organizations":
		value, err = s.changeOrganizations(r)
	case "POST keyPolicy":
		value, err = s.seedKeyPolicy(r)
	case "GET faults":
		value = faultTable{s.Faults()}
	case "POST faults":
		value, err = s.changeFaults(r)
	case "GET calls":
		value, err = s.callsSince(r.URL.Query().Get("since"))
	default:
		err = fmt.Errorf("the control API has no %s %s", r.Method, r.URL.Path)
	}
	status := http.StatusOK
	if err != nil {
		status, value = http.StatusBadRequest, map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client has gone: nobody is left to tell
}

// clockState is the clock as the control API shows it. Next is when the next
// thing is due; null where nothing is.
type clockState struct {
	Now  time.Time  `json:"now"`
	Next *time.Time `json:"next"`
}

func (s *Sandbox) clockState() clockState {
	state := clockState{Now: s.clock.Now()}
	if next, due := s.clock.Pending(); due {
		state.Next = &next
	}
	return state
}

// maxAdvance bounds one move: a year of a failing group's retries is a lot.
const maxAdvance = 31 * 24 * time.Hour

func (s *Sandbox) moveClock(r *http.Request) (any, error) {
	var order struct {
		Advance   string `json:"advance"`
		UntilIdle string `json:"untilIdle"`
	}
	if err := read(r, &order); err != nil {
		return nil, err
	}
	text := order.Advance + order.UntilIdle
	d, err := time.ParseDuration(text)
	switch {
	case (order.Advance == "") == (order.UntilIdle == ""):
		return nil, errors.New(`want either "advance" or "untilIdle"`)
	case err != nil:
		return nil, err
	case d < 0 || d > maxAdvance:
		return nil, fmt.Errorf("%s is not between 0 and %s", text, maxAdvance)
	case order.Advance != "":
		s.Advance(d)
	default:
		if err := s.AdvanceUntilIdle(d); err != nil && !errors.Is(err, ErrNotIdle) {
			return nil, err
		}
	}
	return s.clockState(), nil
}

func (s *Sandbox) changeSwitches(r *http.Request) (any, error) {
	text := s.switchesNow().text()
	if err := read(r, &text); err != nil {
		return nil, err
	}
	sw, err := text.switches()
	if err != nil {
		return nil, err
	}
	s.SetSwitches(sw)
	return text, nil
}

// read decodes a request's body. What the control API doesn't know is an
// error, so that a misspelt switch isn't taken for a set one.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	return nil
}

// callsAnswer is the log of calls. Next is what to ask "since" for the calls
// that come after; Counts counts those here by service:Operation.
type callsAnswer struct {
	Next   int            `json:"next"`
	Counts map[string]int `json:"counts"`
	Calls  []SeenCall     `json:"calls"`
}

func (s *Sandbox) callsSince(since string) (callsAnswer, error) {
	serial := 0
	if since != "" {
		var err error
		if serial, err = strconv.Atoi(since); err != nil || serial < 0 {
			return callsAnswer{}, fmt.Errorf("since: %q is not a serial number", since)
		}
	}
	answer := callsAnswer{Next: serial, Counts: map[string]int{}, Calls: s.calls.since(serial)}
	for _, c := range answer.Calls {
		answer.Next = c.Serial
		answer.Counts[c.Service+":"+c.Operation]++
	}
	return answer, nil
}
