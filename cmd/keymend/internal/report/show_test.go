package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/launch"
	"keymend/pkg/plan"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	keyText      = "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
	capacityText = "We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1a). Our system will be working on provisioning additional capacity. Launching EC2 instance failed."
)

func failing(text string) report.History {
	return report.History{Failed: 9, Since: now().Add(-41 * time.Minute), Last: now().Add(-time.Minute), Status: "Cancelled", Message: text}
}

// A scene is a world that is looked at, and what a person must see of it.
type scene struct {
	world   func(t *testing.T) *world
	history report.History
	apply   bool
	again   bool // the fix was applied just before
	code    report.Code
	says    string // what the first line says, in part
}

func scenes() map[string]scene {
	with := func(change func(*world), statements ...string) func(*testing.T) *world {
		return func(t *testing.T) *world {
			w := newWorld(t, statements...)
			if change != nil {
				change(w)
			}
			return w
		}
	}
	// A person's look brings the newest failure along; an event brings its own.
	asked := func(text string) func(*world) {
		return func(w *world) { w.asks.Text, w.asks.Failed = text, now().Add(-time.Minute) }
	}
	shared := func(w *world) { // by a policy that can't be read; the grants can
		w.unseen(plan.TrialWorks)
		w.state.Facts.GrantsUnreadable = ""
	}
	full := func(w *world) { w.launch.InService = 6 }
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User: arn:aws:iam::111122223333:user/oncall is not authorized"}
	return map[string]scene{
		"look-not-permitted":  {world: with(func(w *world) { w.lookFails = denied }, root), history: failing(keyText), code: 1, says: " couldn't be looked at"},
		"write-not-permitted": {world: with(func(w *world) { w.writeFails = denied }, root), history: failing(keyText), apply: true, code: 1, says: " is as it was: "},
		"broken":              {world: with(nil, root, service, noPath), history: failing(keyText), code: 3, says: " can't launch: "},
		"fixed":               {world: with(nil, root), history: failing(keyText), apply: true, code: 0, says: "'s default EBS key "},
		"fixed-by-grant":      {world: with(nil, root, dead), history: failing(keyText), apply: true, code: 0, says: "'s default EBS key "},
		"warm-pool": {world: with(func(w *world) {
			w.launch.Desired, w.launch.WarmPool = 0, &launch.WarmPool{Wanted: 2}
		}, root, open), code: 0, says: "'s keys are open"},
		"healthy":     {world: with(full, root, open), code: 0, says: " is healthy: "},
		"disabled":    {world: with(func(w *world) { w.state.Facts.Key.State = "Disabled" }, root), history: failing(keyText), code: 4, says: " can't launch: "},
		"aws-managed": {world: with(func(w *world) { w.state.Facts.Key.Manager, w.launch.InService = "AWS", 6 }, viaEBS), code: 0, says: " is healthy: "},
		"aws-managed-foreign": {world: with(func(w *world) {
			w.state.Facts.Key.Manager, w.state.Facts.Key.ARN = "AWS", strings.ReplaceAll(keyARN, account, "999988887777")
			w.state.Facts.Policy, w.state.Facts.PolicyUnreadable = nil, "kms:GetKeyPolicy works in the key's own account only, 999988887777"
		}, root), history: failing(keyText), code: 4, says: " can't launch: "},
		"foreign":              {world: with(func(w *world) { w.foreign(consented) }, ownerRoot), history: failing(keyText), code: 3, says: " can't launch: "},
		"foreign-fixed":        {world: with(func(w *world) { w.foreign(consented) }, ownerRoot), history: failing(keyText), apply: true, code: 0, says: "'s default EBS key "},
		"foreign-no-consent":   {world: with(func(w *world) { w.foreign(nil) }, ownerRoot, forAWS), history: failing(keyText), apply: true, code: 4, says: " can't launch: "},
		"foreign-not-agreed":   {world: with(func(w *world) { w.foreign(nil) }, ownerRoot), history: failing(keyText), code: 4, says: " can't launch: "},
		"foreign-unseen":       {world: with(func(w *world) { w.unseen(plan.TrialRefused) }), history: failing(keyText), code: 4, says: " can't launch, and whether a key is the cause can't be told: "},
		"foreign-unseen-open":  {world: with(func(w *world) { w.unseen(plan.TrialWorks) }), history: failing(keyText), code: 3, says: " can't launch: "},
		"foreign-unseen-fixed": {world: with(shared), history: failing(keyText), apply: true, code: 0, says: "'s default EBS key "},
		"foreign-unseen-again": {world: with(shared), history: failing(keyText), again: true, code: 4, says: " can't launch, and whether a key is the cause can't be told: "},
		"mixed": {world: with(func(w *world) { // five operations, three decisions
			w.foreign(nil)
			w.launch.Keys[0].Operations = []string{"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}
			w.bridge()
			w.state.Facts.Grants[0].Name, w.state.Facts.Grants[0].Operations = "by-hand", w.state.Facts.Grants[0].Operations[:7]
		}, ownerRoot, useByA), history: failing(keyText), code: 4, says: " can't launch: "},
		"broken-grant":  {world: with(nil, root, dead), history: failing(keyText), code: 3, says: " can't launch: "},
		"explicit-deny": {world: with(nil, root, deny), history: failing(keyText), code: 4, says: " can't launch: "},
		"unreadable-policy": {world: with(func(w *world) {
			w.state.Facts.Policy, w.state.Facts.PolicyUnreadable = nil, "kms:GetKeyPolicy was refused: User: … is not authorized to perform: kms:GetKeyPolicy"
		}, root), history: failing(keyText), code: 4, says: " can't launch, and whether a key is the cause can't be told: "},
		"unknown":         {world: with(nil, root, byOrg), history: failing(keyText), code: 3, says: " can't launch, and whether a key is the cause can't be told: "},
		"by-address":      {world: with(nil, root, byAddress), history: failing(keyText), code: 3, says: " can't launch, and whether a key is the cause can't be told: "},
		"whole-by-org":    {world: with(full, root, byOrg), code: 0, says: " has all its instances; whether"},
		"whole-via-ec2":   {world: with(full, root, open, viaEC2), code: 0, says: " is healthy: "},
		"instance-denied": {world: with(nil, root, open, spared), history: failing(keyText), code: 4, says: " can't launch: "},
		"instance-may":    {world: with(func(w *world) { w.asks.Text = keyText }, root, open, viaEC2), history: failing(keyText), code: 4, says: " can't launch, and whether a key is the cause can't be told: "},
		"outside-denied":  {world: with(nil, root, open, outside), history: failing(keyText), code: 4, says: " can't launch: "},
		"unknown-keys": {world: with(func(w *world) {
			w.launch.Keys = nil
			w.launch.Unknown = []string{"the key of snap-0a1b, which isn't shared with this account"}
		}, root), history: failing(keyText), code: 4, says: " can't launch, and whether a key is the cause can't be told: "},
		"ignore":       {world: with(func(w *world) { w.state.Tags["keymend"] = "ignore" }, root), history: failing(keyText), code: 4, says: " can't launch: "},
		"ignore-apply": {world: with(func(w *world) { w.state.Tags["keymend"] = "ignore" }, root), history: failing(keyText), apply: true, code: 4, says: " can't launch: "},
		"suspended": {world: with(func(w *world) {
			w.launch.Suspended = &launch.Suspension{Reason: "Administratively suspended at 2026-03-02T09:00:00Z"}
		}, root, open), code: 4, says: "'s keys are open"},
		"suspended-broken": {world: with(func(w *world) {
			w.launch.Suspended = &launch.Suspension{Reason: "Administratively suspended at 2026-03-02T09:00:00Z"}
		}, root), history: failing(keyText), code: 3, says: " can't launch: "},
		"suspended-fixed": {world: with(func(w *world) {
			w.launch.Suspended = &launch.Suspension{Reason: "User suspended at 2026-02-26T18:56:36Z"}
		}, root), history: failing(keyText), apply: true, code: 4, says: "'s keys are open"},
		"not-kms":          {world: with(asked(capacityText), root, open), history: failing(capacityText), code: 4, says: " can't launch, and no key is known to stand in the way. AWS says: "},
		"keys-open":        {world: with(asked(keyText), root, open), history: failing(keyText), code: 0, says: "'s keys are open"},
		"old-event":        {world: with(func(w *world) { full(w); asked(keyText)(w) }, root, open), code: 0, says: " is healthy: "},
		"will-fail":        {world: with(full, root), code: 3, says: " runs, and its next launch will fail: "},
		"will-fail-denied": {world: with(full, root, deny), code: 4, says: " runs, and its next launch will fail: "},
		"whole-unseen":     {world: with(func(w *world) { full(w); w.unseen(plan.TrialWorks) }), code: 0, says: " has all its instances; whether"},
		"moves":            {world: with(func(w *world) { w.moves = true }, root), history: failing(keyText), code: 3, says: " can't launch: "},
		"keeps-role":       {world: with(func(w *world) { w.moves, w.launch.ManagedBy = true, "eks (node group workers)" }, root), history: failing(keyText), code: 3, says: " can't launch: "},
		"bridge":           {world: with(func(w *world) { full(w); w.bridge() }, root), code: 0, says: " is healthy: "},
		"not-found":        {world: with(func(w *world) { w.gone = true }, root), code: 0, says: " isn't looked at: "},
		"managed":          {world: with(func(w *world) { w.launch.ManagedBy = "eks" }, root), history: report.History{Unreadable: "not authorized to perform: autoscaling:DescribeScalingActivities"}, code: 3, says: " can't launch: "},
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	for name, sc := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := sc.world(t)
			if sc.again {
				w.records(t, true)
			}
			groups := report.Groups(w.records(t, sc.apply))
			if len(groups) != 1 {
				t.Fatalf("%d groups, want 1", len(groups))
			}
			g := groups[0]
			g.History, g.Asked, g.File = sc.history, sc.apply, "/home/oncall/audit.jsonl"
			g.Place = report.Place{Account: account, Region: region, Profile: "prod"}
			if g.Code() != sc.code {
				t.Errorf("exit code %d, want %d", g.Code(), sc.code)
			}
			var text bytes.Buffer
			page := screen.New(&text, false)
			g.Show(page)
			if err := page.Flush(); err != nil {
				t.Fatal(err)
			}
			if said := strings.ReplaceAll(text.String(), "\n", " "); !strings.HasPrefix(said, "web-prod"+sc.says) {
				t.Errorf("it doesn't begin with %q", sc.says)
			}
			golden(t, name, text.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestColoursAddNothing holds that a pipe loses no word.
func TestColoursAddNothing(t *testing.T) {
	t.Parallel()
	g := report.Groups(newWorld(t, root, service).records(t, false))[0]
	var plain, coloured bytes.Buffer
	for out, colour := range map[*bytes.Buffer]bool{&plain: false, &coloured: true} {
		page := screen.New(out, colour)
		g.Show(page)
		if err := page.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(coloured.String(), "\x1b[") {
		t.Fatal("nothing is coloured")
	}
	stripped := coloured.String()
	for strings.Contains(stripped, "\x1b[") {
		head, rest, _ := strings.Cut(stripped, "\x1b[")
		_, tail, _ := strings.Cut(rest, "m")
		stripped = head + tail
	}
	if diff := cmp.Diff(plain.String(), stripped); diff != "" {
		t.Errorf("(-plain +coloured without colours):\n%s", diff)
	}
}

// TestOthersWordsSendNothing: what others wrote into a key's policy, a group's name or
// AWS's text reaches the terminal as text.
func TestOthersWordsSendNothing(t *testing.T) {
	t.Parallel()
	const hostile = `\nHEALTHY   web-prod\u001b[2J\u202e\u009b2J\r`
	w := newWorld(t, strings.Replace(root, "EnableRoot", "EnableRoot"+hostile, 1))
	g := report.Groups(w.records(t, false))[0]
	name, err := strconv.Unquote(`"` + hostile + `"`)
	if err != nil {
		t.Fatal(err)
	}
	g.Head.Group, g.History = "web"+name, failing(name)
	var out bytes.Buffer
	page := screen.New(&out, false)
	g.Show(page)
	if err := page.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Contains(got, "\nHEALTHY") || !strings.Contains(got, `\nHEALTHY`) || strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Errorf("%q", got)
	}
}

// TestSeenOnce: what was seen of the group, or wasn't, stands with the first key.
func TestSeenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, root)
	w.launch.Unknown = []string{"the key of snap-0a1b, which isn't shared with this account"}
	g := report.Groups(w.records(t, false))[0]
	g.Keys, g.History = append(g.Keys, g.Keys[0]), failing(keyText)
	var out bytes.Buffer
	page := screen.New(&out, false)
	g.Show(page)
	if err := page.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "snap-0a1b") != 1 || strings.Count(got, "scaling activity") != 1 || strings.Count(got, "not seen  as above") != 1 {
		t.Error(got)
	}
}
