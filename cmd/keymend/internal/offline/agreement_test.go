package offline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/cmd/keymend/internal/check"
	"keymend/cmd/keymend/internal/offline"
	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/account"
	"keymend/pkg/remediation"
	"keymend/pkg/sandbox/sandboxtest"
	"keymend/pkg/settings"
	"keymend/pkg/whatif"
	"keymend/pkg/wiring"
)

// A verdict is what counts of an answer.
type verdict struct {
	State  whatif.State
	Untold []string          // what of the launch no file says
	Keys   map[string]string // decisions and what is missing, by key and role
}

func verdictOf(a check.Answer) verdict {
	v := verdict{State: a.After, Keys: map[string]string{}}
	for _, line := range a.Row.NotSeen {
		if strings.Contains(line, "isn't told") {
			v.Untold = append(v.Untold, line)
		}
	}
	for _, k := range a.Row.Keys {
		v.Keys[k.ARN+" "+k.Role] = fmt.Sprint(k.Decision.String()+"[", k.Missing, k.State, k.Fix)
	}
	return v
}

// verdicts are those about every group that a looker is asked about.
func verdicts(ctx context.Context, l remediation.Looker, groups []string) (map[string]verdict, error) {
	out := map[string]verdict{}
	err := check.Run(ctx, l, check.Question{Account: accountID, Region: region, Groups: groups}, func(a check.Answer) error {
		out[a.Group] = verdictOf(a)
		return nil
	})
	return out, err
}

// there is a looker at an account of the sandbox, like the one for files.
func there(cfg aws.Config) remediation.Looker {
	s := settings.Config{Mode: settings.Enforce, Scope: settings.AllKeys, Partition: "aws"}
	l := looker(&offline.World{Account: accountID})
	l.AWS = wiring.AWS{Settings: s, Own: cfg, Sessions: account.New(cfg, account.Options{Partition: "aws"})}
	return l
}

func must(t sandboxtest.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// less is what the account says, where the files can't say as much: the account sees that a
// snapshot is hidden from it, and files have nothing of one. They say nothing else, then.
func less(want, got verdict) verdict {
	if len(got.Untold) == 0 {
		return want
	}
	if got.State == whatif.Unknown {
		want.State = whatif.Unknown
	}
	keys := map[string]string{}
	for key, says := range got.Keys {
		if decision := strings.SplitN(want.Keys[key], "[", 2)[0]; strings.HasPrefix(says, decision+"[") {
			keys[key] = says
		} else {
			keys[key] = want.Keys[key]
		}
	}
	want.Keys, want.Untold = keys, got.Untold
	return want
}

// agree holds what the files say to what the account says.
func agree(t sandboxtest.T, ctx context.Context, cfg aws.Config) []offline.File {
	t.Helper()
	files, err := dump(ctx, cfg)
	must(t, err)
	w, err := offline.Read(files, offline.Options{Account: accountID, Region: region})
	must(t, err)
	groups := slices.DeleteFunc(w.Groups(), func(name string) bool { return strings.HasPrefix(name, "a group with ") })
	got, err := verdicts(ctx, looker(w), groups)
	must(t, err)
	want, err := verdicts(ctx, there(cfg), groups)
	must(t, err)
	for group := range want {
		want[group] = less(want[group], got[group])
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
		t.Fatalf("by the files otherwise than by the account (-account +files):\n%s\n%v", diff, namesOf(files))
	}
	return files
}

// TestScenariosAgree: of each of the sandbox's scenarios the files say what the account says.
func TestScenariosAgree(t *testing.T) {
	t.Parallel()
	for _, s := range scenario.All() {
		if s.Name == "many" {
			continue // 5,000 groups of few kinds
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			box, url := sandboxtest.Start(t)
			must(t, scenario.Seed(t.Context(), s.Name, url, box.Advance))
			agree(t, t.Context(), scenario.Config(url, accountID, region))
		})
	}
}

// TestAccountsAgree: of any account the files say what the account says; and with fewer
// files nothing else is said, but less.
func TestAccountsAgree(t *testing.T) {
	t.Parallel()
	client := &http.Client{}
	states := map[whatif.State]int{}
	rapid.Check(t, func(t *rapid.T) {
		box, url := sandboxtest.Start(t)
		t.Cleanup(client.CloseIdleConnections)
		cfg := scenario.Config(url, accountID, region)
		cfg.HTTPClient = client
		furnish(t, box, cfg, url)
		all := agree(t, t.Context(), cfg)
		few := slices.DeleteFunc(slices.Clone(all), func(f offline.File) bool {
			return !strings.HasPrefix(f.Name, "groups") && !strings.HasPrefix(f.Name, "templates") && rapid.IntRange(0, 3).Draw(t, "without "+f.Name) == 0
		})
		o := offline.Options{Account: accountID, Region: region, Strict: true}
		fewer, more := said(t, few, o), said(t, all, o)
		for group, v := range fewer {
			states[more[group].State]++
			if v.State != more[group].State && v.State != whatif.Unknown {
				t.Fatalf("%s by %v:\n%+v\nand by all:\n%+v", group, namesOf(few), v, more[group])
			}
		}
	})
	if states[whatif.Launches] == 0 || states[whatif.Fails] == 0 || states[whatif.Unknown] == 0 {
		t.Errorf("the worlds are all alike: %v", states)
	}
}

func said(t *rapid.T, files []offline.File, o offline.Options) map[string]verdict {
	w, err := offline.Read(files, o)
	must(t, err)
	out, err := verdicts(t.Context(), looker(w), w.Groups())
	must(t, err)
	return out
}

func namesOf(files []offline.File) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Name)
	}
	return out
}

// answer is an answer of AWS's as its CLI writes it: without what isn't there.
func answer(name string, out any) (offline.File, error) {
	text, err := json.Marshal(out)
	if err != nil {
		return offline.File{}, err
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return offline.File{}, err
	}
	text, err = json.MarshalIndent(bare(v), "", "    ")
	return offline.File{Name: name, Text: text}, err
}

func bare(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "ResultMetadata")
		maps.DeleteFunc(v, func(_ string, member any) bool { return member == nil || member == "" })
		for name, member := range v {
			v[name] = bare(member)
		}
	case []any:
		for i := range v {
			v[i] = bare(v[i])
		}
	}
	return v
}
