package offline

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A members is a JSON object, by its members' names, with its text under none.
type members map[string]json.RawMessage

func (m members) raw() json.RawMessage { return m[""] }

func (m members) has(name string) bool { return len(m[name]) > 0 }

func (m members) text(name string) string {
	var out string
	if json.Unmarshal(m[name], &out) != nil {
		return ""
	}
	return out
}

// A kind is what a file may hold, known by a member.
type kind struct {
	member string
	whole  bool // the object is one thing, and nothing else is looked for in it
	take   func(f *facts, file string, m members) error
}

// kinds are all of them. Those that are one thing come first: a group has tags, too, and a
// policy may have any member.
func kinds() []kind {
	return []kind{
		{"Statement", true, (*facts).bare},
		{"Policy", true, (*facts).policy},
		{"AutoScalingGroupName", true, (*facts).group},
		{"LaunchTemplateData", true, (*facts).template},
		{"LaunchConfigurationName", true, (*facts).configuration},
		{"KeyMetadata", false, (*facts).key},
		{"Grants", false, (*facts).listed},
		{"Aliases", false, (*facts).named},
		{"AutoScalingGroups", false, each("AutoScalingGroups", (*facts).group)},
		{"LaunchTemplateVersions", false, each("LaunchTemplateVersions", (*facts).template)},
		{"LaunchConfigurations", false, each("LaunchConfigurations", (*facts).configuration)},
		{"Images", false, each("Images", (*facts).image)},
		{"Snapshots", false, each("Snapshots", (*facts).snapshot)},
		{"Role", false, func(f *facts, file string, m members) error { return f.object(file, "Role", m["Role"], (*facts).role) }},
		{"Roles", false, each("Roles", (*facts).role)},
		{"EbsEncryptionByDefault", false, (*facts).onByDefault},
	}
}

// file takes a file in.
func (f *facts) file(one File) error {
	raw, err := document(one)
	if err != nil {
		return err
	}
	return f.take(one.Name, raw, true)
}

// take takes one value in: an answer, a list of what answers hold, or a policy that is
// written as a text, as --query Policy has it.
func (f *facts) take(file string, raw json.RawMessage, outer bool) error {
	switch raw[0] {
	case '"':
		var inner string
		if err := json.Unmarshal(raw, &inner); err == nil && strings.HasPrefix(strings.TrimSpace(inner), "{") {
			return f.keyPolicy(file, "", inner)
		}
	case '[':
		var all []json.RawMessage
		if err := json.Unmarshal(raw, &all); err == nil && outer {
			var errs []error
			for _, one := range all {
				errs = append(errs, f.take(file, one, false))
			}
			return joined(errs...)
		}
	case '{':
		return f.object(file, "", raw, (*facts).recognised)
	}
	return unrecognised(file, "holds nothing that check knows")
}

func (f *facts) object(file, at string, raw json.RawMessage, take func(*facts, string, members) error) error {
	var m members
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return problem(file, strings.TrimSpace(at+" has to be an object"))
	}
	m[""] = raw
	return take(f, file, m)
}

// recognised takes in what an object's members say that it is.
func (f *facts) recognised(file string, m members) error {
	var (
		errs []error
		any  bool
	)
	for _, k := range kinds() {
		if !m.has(k.member) {
			continue
		}
		errs, any = append(errs, k.take(f, file, m)), true
		if k.whole {
			break
		}
	}
	switch {
	case any:
		f.ends(file, m)
		return joined(errs...)
	case m.has("KmsKeyId") && m.text("KmsKeyId") != "":
		return f.settings.put(file, defaultKey, m.text("KmsKeyId"))
	case m.has("Tags") && (strings.Contains(string(m["Tags"]), "TagKey") || strings.TrimSpace(string(m["Tags"])) == "[]"):
		return f.tagged(file, m)
	case m.isData():
		return f.data(file, m)
	}
	return unrecognised(file, unknown(m))
}

// isData: a launch template's data may have any of its members and nothing else.
func (m members) isData() bool {
	return m.has("BlockDeviceMappings") || m.has("ImageId") || m.has("InstanceType") || m.has("InstanceRequirements")
}

// ends notes that an answer has a further page.
func (f *facts) ends(file string, m members) {
	for _, more := range []string{"NextToken", "NextMarker", "Marker"} {
		if m.text(more) != "" {
			f.notes = append(f.notes, fmt.Sprintf("%s is one page of several (%s): what the others say isn't known", file, more))
		}
	}
}

// unknown says what an object is that isn't known here, as far as that shows.
func unknown(m members) string {
	switch {
	case m.has("AWSTemplateFormatVersion") || m.has("Resources"):
		return "is a CloudFormation template; check reads what AWS's API takes and answers: the LaunchTemplateData and the KeyPolicy in it, each as a file of its own"
	case m.has("terraform_version") || m.has("planned_values") || m.has("resource_changes"):
		return "is Terraform's plan or state; check reads what AWS's API takes and answers: a key policy in it is a text of its own, which jq -r takes out"
	case m.has("Reservations"):
		return "is about instances; check reads what groups launch from: aws ec2 describe-launch-template-versions"
	}
	for _, k := range append(kinds(), kind{member: "BlockDeviceMappings"}, kind{member: "KmsKeyId"}) {
		for name := range m {
			if name != k.member && strings.EqualFold(name, k.member) {
				return fmt.Sprintf("has %q: AWS calls it %s", name, k.member)
			}
		}
	}
	delete(m, "")
	if len(m) == 0 {
		return "is an empty object"
	}
	names := slices.Sorted(maps.Keys(m))
	if len(names) > 4 {
		names = append(names[:4], "…")
	}
	return "holds nothing that check knows, by its members " + strings.Join(names, ", ")
}

// each takes in each element of a list.
func each(member string, take func(*facts, string, members) error) func(*facts, string, members) error {
	return func(f *facts, file string, m members) error {
		var all []json.RawMessage
		if err := json.Unmarshal(m[member], &all); err != nil {
			return problem(file, member+" has to be a list")
		}
		var errs []error
		for i, raw := range all {
			errs = append(errs, f.object(file, fmt.Sprintf("%s[%d]", member, i), raw, take))
		}
		return joined(errs...)
	}
}
