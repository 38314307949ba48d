package screen

import "strconv"

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
