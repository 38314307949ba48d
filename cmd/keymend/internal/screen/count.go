package screen

import "strconv"

// Count says how many there are of a thing, as in "1 statement" and "2 statements".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
