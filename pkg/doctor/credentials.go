package doctor

import (
	"fmt"
	"strings"
	"time"
)

// credentials says whose they are, and what they may read.
func (e *examiner) credentials() {
	as := e.Who + " in account " + e.Account + ", Region " + e.Region
	if e.Profile != "" {
		as += ", profile " + e.Profile
	}
	if e.Endpoint != "" {
		as += ", at " + e.Endpoint
	}
	e.ok("credentials", as)
	e.clock()
	e.begin()
	var may []string
	for _, r := range e.Reads {
		switch {
		case r.Refused:
			e.bad("reads", r.Call, r.For+" is refused: "+r.Problem, "what-doctor-asks")
		case r.Problem != "":
			e.unknown("reads", r.Call, r.For+": "+r.Problem)
		}
		may = append(may, r.Call)
	}
	e.end("reads", "what diagnose needs may be read: "+strings.Join(may, ", "))
}

// skewed is less than the five minutes that AWS takes requests for.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
const skewed = time.Minute

func (e *examiner) clock() {
	off := e.Skew.Is.Abs()
	switch {
	case e.Skew.Problem != "":
		e.unknown("clock", "", e.Skew.Problem)
	case off > skewed:
		e.bad("clock", "", fmt.Sprintf("this machine's clock is %s off; AWS refuses requests that are more than five minutes old", off.Round(time.Second)), "what-doctor-asks")
	default:
		e.ok("clock", fmt.Sprintf("within %s of AWS's", max(off.Round(time.Second), time.Second)))
	}
}
