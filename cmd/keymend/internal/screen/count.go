package screen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Count says how many there are of a thing, as in "1 statement" and "2 statements".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// Reads says how often what was written was read: a single read agrees with no other.
func Reads(n int) string {
	if n == 1 {
		return "1 read"
	}
	return Count(n, "equal read")
}

// NonEmpty returns the texts that aren't empty.
func NonEmpty(texts ...string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s == "" })
}

// Joined has the texts that aren't empty on one line, with something between them.
func Joined(between string, texts ...string) string {
	return strings.Join(NonEmpty(texts...), between)
}

// Moment says a time to the second.
func Moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// Lasting says a duration as people do.
func Lasting(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(int(d.Seconds()), 0))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 2*day:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d/day))
}
