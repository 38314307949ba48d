package copies_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/plan/copies"
)

// document draws a template version's data, some of it beside the point.
func document(t *rapid.T) map[string]any {
	ids := func(kind string) *rapid.Generator[string] {
		return rapid.Map(rapid.IntRange(1, 4), func(i int) string { return fmt.Sprint(kind, i) })
	}
	data := map[string]any{}
	if rapid.Bool().Draw(t, "image") {
		data["ImageId"] = ids("ami-").Draw(t, "ImageId")
	}
	if rapid.Bool().Draw(t, "type") {
		data["InstanceType"], data["UserData"] = "m5.large", ids("ami-").Draw(t, "UserData")
	}
	if !rapid.Bool().Draw(t, "mapped") {
		return data
	}
	list := []any{}
	for i := range rapid.IntRange(0, 4).Draw(t, "mappings") {
		m := map[string]any{"DeviceName": fmt.Sprint("/dev/sd", rapid.IntRange(0, 4).Draw(t, "device"))}
		switch rapid.IntRange(0, 3).Draw(t, fmt.Sprint("kind", i)) {
		case 0:
			m["NoDevice"] = ""
		case 1:
			m["VirtualName"] = "snap-1"
		default:
			ebs := map[string]any{"Encrypted": true, "VolumeSize": float64(rapid.IntRange(1, 100).Draw(t, "size"))}
			if rapid.Bool().Draw(t, "snapshot") {
				ebs["SnapshotId"] = ids("snap-").Draw(t, "SnapshotId")
			}
			if rapid.Bool().Draw(t, "key") {
				ebs["KmsKeyId"] = ids("key-").Draw(t, "KmsKeyId")
			}
			m["Ebs"] = ebs
		}
		list = append(list, m)
	}
	data["BlockDeviceMappings"] = list
	return data
}

func change(t *rapid.T) copies.Change {
	pairs := func(kind string) map[string]string {
		return rapid.MapOf(rapid.SampledFrom([]string{kind + "1", kind + "2", kind + "3"}), rapid.SampledFrom([]string{kind + "8", kind + "9"})).Draw(t, kind)
	}
	return copies.Change{Images: pairs("ami-"), Snapshots: pairs("snap-"), Keys: pairs("key-")}
}

func parsed(t rapid.TB, text []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// leaves lists what differs between two documents, by path.
func leaves(path string, a, b any, out map[string][2]any) {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			out[path] = [2]any{a, b}
			return
		}
		for k := range x {
			leaves(path+"."+k, x[k], y[k], out)
		}
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			out[path] = [2]any{a, b}
			return
		}
		for i := range x {
			leaves(fmt.Sprintf("%s.%d", path, i), x[i], y[i], out)
		}
	default:
		if !reflect.DeepEqual(a, b) {
			out[path] = [2]any{a, b}
		}
	}
}

// A derived version differs only in what must change, and in all of that; and
// deriving it once more changes nothing.
func TestDeriveChangesOnlyWhatItMust(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, c := document(t), change(t)
		text, err := json.Marshal(before)
		if err != nil {
			t.Fatal(err)
		}
		derived, err := copies.Derive(text, c)
		if err != nil {
			t.Fatal(err)
		}
		different := map[string][2]any{}
		leaves("", before, parsed(t, derived), different)
		for path, values := range different {
			old, _ := values[0].(string)
			by := map[string]map[string]string{"ImageId": c.Images, "SnapshotId": c.Snapshots, "KmsKeyId": c.Keys}[path[strings.LastIndexByte(path, '.')+1:]]
			if by[old] == "" || by[old] != values[1] {
				t.Fatalf("%s: %v", path, values)
			}
		}
		for _, m := range []map[string]string{c.Images, c.Snapshots, c.Keys} {
			for old := range m {
				for _, at := range []string{`"ImageId":"` + old, `"SnapshotId":"` + old, `"KmsKeyId":"` + old} {
					if strings.Contains(string(derived), at+`"`) {
						t.Fatalf("%s is still there: %s", old, derived)
					}
				}
			}
		}
		if again, err := copies.Derive(derived, c); err != nil || string(again) != string(derived) {
			t.Fatalf("%v: %s", err, again)
		}
	})
}

// What is sent makes of the source version what was derived, the way EC2 makes
// it: snapshots of inherited mappings are left out, a list that is sent stands for
// the whole one.
func TestSendMakesTheDerivedVersion(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(document(t))
		if err != nil {
			t.Fatal(err)
		}
		derived, err := copies.Derive(text, change(t))
		if err != nil {
			t.Fatal(err)
		}
		image, mappings := copies.Send(text, derived)
		made := parsed(t, text)
		if list, ok := made["BlockDeviceMappings"].([]any); ok {
			for _, m := range list {
				if ebs, ok := m.(map[string]any)["Ebs"].(map[string]any); ok {
					delete(ebs, "SnapshotId")
				}
			}
		}
		if image != "" {
			made["ImageId"] = image
		}
		if mappings != nil {
			list := []any{}
			for _, m := range mappings {
				list = append(list, parsed(t, m))
			}
			made["BlockDeviceMappings"] = list
		}
		if want := parsed(t, derived); !reflect.DeepEqual(made, want) {
			t.Fatalf("made %v, want %v", made, want)
		}
	})
}

// What is no template version's data isn't derived from.
func TestDeriveRefuses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{``, `[]`, `{`} {
		if _, err := copies.Derive([]byte(bad), copies.Change{}); err == nil {
			t.Errorf("derived from %q", bad)
		}
	}
}
