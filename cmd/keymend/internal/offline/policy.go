package offline

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/keypolicy"
)

// noKeyPolicy says why a text can't be a key's policy; "" = it may be one.
func noKeyPolicy(text string) string {
	d, err := keypolicy.Parse(text)
	if err != nil {
		return "has a key policy that can't be read: " + err.Error()
	}
	for _, s := range d.Statements() {
		switch {
		case s.Principal == nil && s.NotPrincipal == nil:
			return fmt.Sprintf("has a policy whose statement %s names no Principal: it is an identity's policy, and no key's", s.Name())
		case len(s.Action) > 0 && !slices.ContainsFunc(s.Action, ofKMS):
			return fmt.Sprintf("has a policy whose statement %s is about nothing of KMS: it is another resource's policy, and no key's", s.Name())
		}
	}
	return ""
}

func ofKMS(action string) bool {
	service, _, named := strings.Cut(action, ":")
	return !named && action == "*" || strings.EqualFold(service, "kms")
}
