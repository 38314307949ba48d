package owncopy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// A Change is what a template version shall name instead of what it names: by the
// old value the new one.
type Change struct {
	Images    map[string]string
	Snapshots map[string]string
	Keys      map[string]string // KmsKeyId values as they are written
}

// mappings is where a template's data has its block device mappings.
const mappings = "BlockDeviceMappings"

// Derive returns a template version's data as the change makes it. Nothing
// differs but ImageId, and SnapshotId and KmsKeyId of the mappings, where the
// change replaces their values. Data is JSON with EC2's own names.
func Derive(data json.RawMessage, c Change) (json.RawMessage, error) {
	if !gjson.ValidBytes(data) || !gjson.ParseBytes(data).IsObject() {
		return nil, fmt.Errorf("derive template version: the data is no JSON object")
	}
	out, err := replace(data, "ImageId", c.Images)
	for i := range gjson.GetBytes(data, mappings).Array() {
		at := fmt.Sprintf("%s.%d.Ebs.", mappings, i)
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

func replace(data []byte, path string, by map[string]string) ([]byte, error) {
	now, ok := by[gjson.GetBytes(data, path).String()]
	if !ok {
		return data, nil
	}
	return sjson.SetBytes(data, path, now)
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
	now := gjson.GetBytes(derived, mappings)
	snapshots := slices.ContainsFunc(now.Array(), func(m gjson.Result) bool { return m.Get("Ebs.SnapshotId").Exists() })
	if !snapshots && now.Raw == gjson.GetBytes(source, mappings).Raw {
		return image, nil
	}
	for _, m := range now.Array() {
		list = append(list, json.RawMessage(m.Raw))
	}
	return image, list
}

// Digest identifies what a template version's data says: SHA-256. In which order
// members and mappings stand counts for nothing, except among mappings of one
// device.
func Digest(data json.RawMessage) (string, error) {
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		return "", fmt.Errorf("digest of a template version: %w", err)
	}
	if list, ok := all[mappings].([]any); ok {
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
