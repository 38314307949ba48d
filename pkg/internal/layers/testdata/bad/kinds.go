package bad

import "strings"

type step interface{ Kind() string }

const grant = "Create" + "Grant"

func last(s step) bool { return s.Kind() == "UpdateGroup" }

func callsName(s step) bool { return s.Kind() != "CreateGrant" }

func constant(s step) bool { return grant == s.Kind() }

func same(s, o step) bool { return s.Kind() == o.Kind() }

func switched(s step) bool {
	switch s.Kind() {
	case grant:
		return true
	}
	return false
}

func lookedUp(s step) bool { return map[string]bool{grant: true}[s.Kind()] }

func begins(s step) bool { return strings.HasPrefix(s.Kind(), "Copy") }
