package command

import (
	"regexp"
	"strings"

	"keymend/pkg/arn"
)

// Names that people type.
var (
	accountID     = regexp.MustCompile(`^[0-9]{12}$`)
	keyID         = regexp.MustCompile(`^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
	remediationID = regexp.MustCompile(`^r-[0-9a-f]{16}$`) // a proposal's, too
)

// isKey reports whether a text is a key's ARN.
func isKey(text string) bool {
	return arn.Service(text) == "kms" && strings.HasPrefix(arn.Resource(text), "key/")
}

// isAlias reports whether a text is an alias of a key, or its ARN.
func isAlias(text string) bool {
	return strings.HasPrefix(text, "alias/") || arn.Service(text) == "kms" && strings.HasPrefix(arn.Resource(text), "alias/")
}
