package copies

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"keymend/pkg/kind/template"
)

// A Change is what a template version shall name instead of what it names: by the
// old value the new one.
type Change struct {
	Images    map[string]string
	Snapshots map[string]string
	Keys      map[string]string // KmsKeyId values as they are written
}

// Derive returns a template version's data as the change makes it. Nothing
// differs but ImageId, and SnapshotId and KmsKeyId of the mappings, where the
// change replaces their values. Data is JSON with EC2's own names.
func Derive(data json.RawMessage, c Change) (json.RawMessage, error) {
	if !gjson.ValidBytes(data) || !gjson.ParseBytes(data).IsObject() {
		return nil, fmt.Errorf("derive template version: the data is no JSON object")
	}
	out, err := replace(data, "ImageId", c.Images)
	for i := range gjson.GetBytes(data, template.Mappings).Array() {
		at := fmt.Sprintf("%s.%d.Ebs.", template.Mappings, i)
		if err == nil {
			out, err = replace(out, at+"SnapshotId", c.Snapshots)
		}
		if err == nil {
			out, err = replace(out, at+"KmsKeyId", c.Keys)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("derive template version: %w", err)
	}
	return out, nil
}

// replace puts a member's new value in the place of the old one, and keeps every
// other byte.
func replace(data []byte, path string, by map[string]string) ([]byte, error) {
	member := gjson.GetBytes(data, path)
	now, ok := by[member.String()]
	if !ok || member.Index == 0 {
		return data, nil
	}
	text, err := json.Marshal(now)
	if err != nil {
		return nil, err
	}
	return slices.Concat(data[:member.Index], text, data[member.Index+len(member.Raw):]), nil
}

// Send is what CreateLaunchTemplateVersion has to be sent, beside the version to
// make it of, so that derived data comes of it: the image where it differs, and
// the whole list of mappings where one differs or has a snapshot. EC2 leaves
// snapshots out of what it takes from the source version, and a list that is sent
// stands for the whole one.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
func Send(source, derived json.RawMessage) (image string, list []json.RawMessage) {
	before, after := gjson.GetBytes(source, "ImageId").String(), gjson.GetBytes(derived, "ImageId").String()
	if before != after {
		image = after
	}
	now := gjson.GetBytes(derived, template.Mappings)
	snapshots := slices.ContainsFunc(now.Array(), func(m gjson.Result) bool { return m.Get("Ebs.SnapshotId").Exists() })
	if !snapshots && now.Raw == gjson.GetBytes(source, template.Mappings).Raw {
		return image, nil
	}
	for _, m := range now.Array() {
		list = append(list, json.RawMessage(m.Raw))
	}
	return image, list
}
