package offline_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"keymend/cmd/keymend/internal/offline"
	"keymend/cmd/keymend/internal/screen"
)

// seeds are files of all kinds.
func seeds() []string {
	return []string{
		open, shut, data, answerOf(open), described, granted, role, image, plain, strings.Replace(data, "arn:aws:kms", "arn:aws:km*", 1),
		`{"AutoScalingGroups":[{"AutoScalingGroupName":"a","ServiceLinkedRoleARN":"arn:aws:iam::111122223333:role/x","MixedInstancesPolicy":{"LaunchTemplate":{"LaunchTemplateSpecification":{"LaunchTemplateName":"a.json"},"Overrides":[{"ImageId":"ami-3"},{"LaunchTemplateSpecification":{"LaunchTemplateId":"lt-1"}}]}}}]}`,
		`{"LaunchConfigurations":[{"LaunchConfigurationName":"lc","SpotPrice":"1","ImageId":"ami-1"}]}`, `{"AutoScalingGroupName":"b","LaunchConfigurationName":"lc"}`,
		`{"LaunchTemplateVersions":[{"LaunchTemplateId":"lt-1","VersionNumber":2,"LaunchTemplateData":{"BlockDeviceMappings":[{"DeviceName":"/dev/sdf","NoDevice":""}]}}]}`,
		`{"Aliases":[{"AliasName":"alias/p","AliasArn":"arn:aws:kms:eu-west-1:111122223333:alias/p","TargetKeyId":"x"}]}`,
		`{"Snapshots":[{"SnapshotId":"snap-1","OwnerId":"444455556666","Encrypted":true,"KmsKeyId":"x"}]}`, `{"KmsKeyId":"alias/p"}`, `{"EbsEncryptionByDefault":true}`, `{"Tags":[{"TagKey":"a"}]}`,
		"a: b", "\xef\xbb\xbf{}", "[]", "null",
	}
}

// TestAnyFilesCanBeChecked: files are refused, or what they say can be judged and shown.
func TestAnyFilesCanBeChecked(t *testing.T) {
	t.Parallel()
	values := rapid.SampledFrom([]string{"null", `""`, "[]", "{}", "[{}]", "1", "-1", `"x"`, "true", `"arn:aws:kms:eu-west-1:444455556666:key/1"`, `"arn:aws:kms:us-east-1::alias/x"`, `"alias/"`, `"key/"`, `"arn:"`, `"$Latest"`, `"\u001b[2J"`})
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		var files []offline.File
		for i := range rapid.IntRange(1, 5).Draw(t, "files") {
			text := rapid.SampledFrom(seeds()).Draw(t, "file")
			for range rapid.IntRange(0, 2).Draw(t, "edits") {
				text = edited(t, text, values)
			}
			files = append(files, offline.File{Name: string(rune('a'+i)) + ".json", Text: []byte(text)})
		}
		o := here()
		o.Strict = rapid.Bool().Draw(t, "strictly")
		w, err := offline.Read(files, o)
		if wrong := (*offline.FilesError)(nil); errors.As(err, &wrong) {
			return
		}
		must(t, err)
		taken++
		var sum offline.Sum
		must(t, w.Check(t.Context(), looker(w), nil, func(v offline.Verdict) error {
			v.Show(screen.New(io.Discard, false), sum.Add(v))
			_, err := json.Marshal(v.JSON(w.Account, w.Region))
			return err
		}))
		sum.Problems, err = w.Policies(t.Context())
		must(t, err)
		sum.Show(screen.New(io.Discard, false))
	})
	if taken == 0 {
		t.Error("no files were taken")
	}
}

// edited puts another value in the place of one.
func edited(t *rapid.T, text string, values *rapid.Generator[string]) string {
	parts := strings.Split(text, `":`)
	if len(parts) == 1 {
		return text
	}
	at := rapid.IntRange(1, len(parts)-1).Draw(t, "member")
	if end := strings.IndexAny(parts[at], ",}"); end >= 0 {
		parts[at] = values.Draw(t, "value") + parts[at][end:]
	}
	return strings.Join(parts, `":`)
}

// FuzzRead: whatever a file holds, it is taken or refused.
func FuzzRead(f *testing.F) {
	for _, text := range seeds() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := offline.Read([]offline.File{{Name: "any.json", Text: text}, {Name: "web.json", Text: []byte(data)}}, here())
		if wrong := (*offline.FilesError)(nil); err != nil && !errors.As(err, &wrong) {
			t.Error(err)
		}
	})
}
