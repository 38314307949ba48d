package scan

// A State is how a group stands, as report.Sum has it.
type State string

// The states, the worst first.
const (
	Fails     State = "fails"      // its launches fail now
	WouldFail State = "would-fail" // it has its instances, and its next launch fails
	Unknown   State = "unknown"    // which of these can't be told, or whether any
	Fine      State = "fine"       // nothing that was seen stands in its way
)

// States returns all states, the worst first.
func States() []State { return []State{Fails, WouldFail, Unknown, Fine} }
