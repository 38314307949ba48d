package screen

import (
	"fmt"
	"strconv"
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
