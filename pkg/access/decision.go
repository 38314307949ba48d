package access

import "fmt"

// String returns "Allowed", "Denied" or "Unknown".
func (d Decision) String() string {
	switch d {
	case Allowed:
		return "Allowed"
	case Denied:
		return "Denied"
	}
	return "Unknown"
}

// MarshalText implements encoding.TextMarshaler.
func (d Decision) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Decision) UnmarshalText(text []byte) error {
	for _, v := range []Decision{Unknown, Denied, Allowed} {
		if string(text) == v.String() {
			*d = v
			return nil
		}
	}
	return fmt.Errorf("no such decision: %q", text)
}

// Decide sums up: Allowed if every operation is, Denied if any is, else
// Unknown. Without results nothing is known.
func Decide(results []Result) Decision {
	if len(results) == 0 {
		return Unknown
	}
	out := Allowed
	for _, r := range results {
		switch r.Decision {
		case Denied:
			return Denied
		case Unknown:
			out = Unknown
		case Allowed:
		}
	}
	return out
}
