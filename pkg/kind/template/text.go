package template

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/tag"
)

// Description is that of the version that a remediation makes of version from.
func Description(from int64, remediation string) string {
	return tag.Version(from) + " (" + remediation + ")"
}

// Next is what is left to do by hand once the version is there; "" = nothing: the
// group follows by itself.
func (s NewVersion) Next(version int64) string {
	at := fmt.Sprintf("--region %s --auto-scaling-group-name %s", s.Region, quote(s.Group))
	switch {
	case s.Asked == "$Latest":
		return ""
	case s.Asked == "$Default":
		return fmt.Sprintf("`aws ec2 modify-launch-template --region %s --launch-template-id %s --default-version %d`", s.Region, s.Template, version)
	case s.Mixed:
		return fmt.Sprintf("name version %d of %s where the mixed instances policy of group %s names version %s: `aws autoscaling update-auto-scaling-group %s --mixed-instances-policy …`",
			version, s.Template, s.Group, s.Asked, at)
	}
	return fmt.Sprintf("`aws autoscaling update-auto-scaling-group %s --launch-template LaunchTemplateId=%s,Version=%d`", at, s.Template, version)
}

// quote puts a name into quotes where a shell would take it apart.
func quote(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
	if !strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune(plain, r) }) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
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
