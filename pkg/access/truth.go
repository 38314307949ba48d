package access

// A truth is a value of Kleene's three-valued logic. The order is the logic:
// "and" is the smaller, "or" the larger.
type truth uint8

const (
	no truth = iota
	maybe
	yes
)

func (t truth) not() truth { return yes - t }

func and(ts ...truth) truth {
	out := yes
	for _, t := range ts {
		out = min(out, t)
	}
	return out
}

func or(ts ...truth) truth {
	out := no
	for _, t := range ts {
		out = max(out, t)
	}
	return out
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// decision turns "is it allowed?" into a Decision.
func (t truth) decision() Decision {
	return [...]Decision{no: Denied, maybe: Unknown, yes: Allowed}[t]
}
