package template

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"keymend/pkg/quote"
	"keymend/pkg/tag"
)

// Description is that of the version that a remediation makes of version from.
func Description(from int64, remediation string) string {
	return tag.Version(from) + " (" + remediation + ")"
}

// Next is what is left to do by hand once the version is there, and the command that
// does it, where one does; "" = nothing: the group follows by itself.
func (s NewVersion) Next(version int64) (words string, run quote.Task) {
	number := strconv.FormatInt(version, 10)
	switch {
	case s.Asked == "$Latest":
		return "", quote.Task{}
	case s.Asked == "$Default":
		return "make version " + number + " of " + s.Template + " its default", quote.Task{Account: s.Account, Command: quote.Command(
			"aws", "ec2", "modify-launch-template", "--launch-template-id", s.Template, "--default-version", number, "--region", s.Region)}
	case s.Mixed:
		return fmt.Sprintf("name version %d of %s where the mixed instances policy of group %s names version %s", version, s.Template, s.Group, s.Asked), quote.Task{}
	}
	return "point the group at version " + number + " of " + s.Template, quote.Task{Account: s.Account, Command: quote.Command(
		"aws", "autoscaling", "update-auto-scaling-group", "--auto-scaling-group-name="+s.Group, "--launch-template", "LaunchTemplateId="+s.Template+",Version="+number, "--region", s.Region)}
}

// Mappings is where a template's data has its block device mappings.
const Mappings = "BlockDeviceMappings"

// Digest identifies what a template version's data says: SHA-256. In which order
// members and mappings stand counts for nothing, except among mappings of one
// device.
func Digest(data json.RawMessage) (string, error) {
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		return "", fmt.Errorf("digest of a template version: %w", err)
	}
	if list, ok := all[Mappings].([]any); ok {
		slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(device(a), device(b)) })
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("digest of a template version: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func device(mapping any) string {
	m, _ := mapping.(map[string]any)
	name, _ := m["DeviceName"].(string)
	return name
}
