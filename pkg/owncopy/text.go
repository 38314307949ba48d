package owncopy

import (
	"fmt"
	"strings"
)

// Mark begins the description of every version that Keymend makes of version
// from.
func Mark(from int64) string { return fmt.Sprintf("keymend: version %d with own copies", from) }

// Description is that of a version that a remediation makes.
func (s NewTemplateVersion) Description(remediation string) string {
	return Mark(s.From) + " (" + remediation + ")"
}

// Description is that of the version that is meant.
func (s DeleteTemplateVersion) Description() string {
	return NewTemplateVersion{From: s.From}.Description(s.Remediation)
}

// Next is what is left to do by hand once the version is there; "" = nothing: the
// group follows by itself.
func (s NewTemplateVersion) Next(version int64) string {
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
