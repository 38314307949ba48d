package bad

type step interface{ Kind() string }

func last(s step) bool { return s.Kind() == "UpdateGroup" }
