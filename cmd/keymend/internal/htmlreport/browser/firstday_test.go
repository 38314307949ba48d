package browser_test

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/sandbox"
)

var update = flag.Bool("update", false, "draw the pictures in docs anew")

// pictures are those of the page of the scenario account, by how they are taken.
func pictures() map[string]look {
	out := map[string]look{}
	for scheme, suffix := range map[string]string{"light": "", "dark": "-dark"} {
		out["report"+suffix+".png"] = look{Check: "picture", Width: 1280, Scheme: scheme, From: "body", Until: ".tasks > li:nth-child(2)"}
		out["report-group"+suffix+".png"] = look{Check: "picture", Width: 1280, Scheme: scheme, From: ".controls", Until: "#groups > tbody:nth-of-type(1)"}
	}
	return out
}

// docs is where the pictures are.
var docs = filepath.Join("..", "..", "..", "..", "..", "docs")

// firstDay: what the built program writes of an account in the sandbox is such a page.
// With -update it is what docs has pictures of.
func (b *browser) firstDay(t *testing.T) {
	page := reported(t)
	for _, l := range []look{
		{Page: "account", Check: "quiet", Width: 1280}, {Page: "account", Check: "search", Width: 1280}, {Page: "account", Check: "sort", Width: 1280}, {Page: "account", Check: "prints", Width: 1280},
		{Page: "account", Check: "fits", Width: 400, Open: true}, {Page: "account", Check: "accessible", Width: 1280, Open: true},
	} {
		t.Run(l.name(), func(t *testing.T) {
			l.Page = page
			b.passes(t, l)
		})
	}
	if !*update {
		return
	}
	for name, l := range pictures() {
		l.Page, l.To = page, filepath.Join(t.TempDir(), name)
		b.passes(t, l)
		if err := os.WriteFile(filepath.Join(docs, name), small(t, l.To), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// reported has the built program look at the account, and returns the page's file.
func reported(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program, config, page := filepath.Join(dir, "keymend"), filepath.Join(dir, "config"), filepath.Join(dir, "keymend.html")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", program, "keymend/cmd/keymend")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	// The endpoint is the profile's, so that the commands of the page are as in an account.
	profile := fmt.Sprintf("[profile prod]\nregion = %s\nendpoint_url = %s\naws_access_key_id = %s\naws_secret_access_key = any\n", scenario.Region, seeded(t), scenario.Account)
	if err := os.WriteFile(config, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), program, "report", "-o", "keymend.html", "--profile", "prod")
	run.Dir, run.Env = dir, []string{"HOME=" + dir, "AWS_CONFIG_FILE=" + config, "AWS_EC2_METADATA_DISABLED=true"}
	if text, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return page
}

// seeded is the endpoint of a sandbox with the scenario account.
func seeded(t *testing.T) string {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Switches: sandbox.DefaultSwitches()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	url, err := box.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := scenario.Seed(t.Context(), "account", url, box.Advance); err != nil {
		t.Fatal(err)
	}
	return url
}

// TestPictures: each is one that a page can afford.
func TestPictures(t *testing.T) {
	for name, l := range pictures() {
		const most = 200_000 // bytes
		text, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Fatal(err)
		}
		config, err := png.DecodeConfig(bytes.NewReader(text))
		if err != nil || config.Width != l.Width || len(text) > most {
			t.Errorf("%s: %d bytes, %d wide, %v; want at most %d, and %d wide", name, len(text), config.Width, err, most, l.Width)
		}
	}
}

// small is a picture with its 256 most frequent colours: the edges of letters have more.
func small(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it is only read
	full, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewPaletted(full.Bounds(), frequent(full))
	at := map[color.Color]uint8{}
	each(full, func(x, y int, c color.Color) {
		i, known := at[c]
		if !known {
			i = uint8(out.Palette.Index(c)) // of 256
			at[c] = i
		}
		out.SetColorIndex(x, y, i)
	})
	var text bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&text, out); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

// frequent are a picture's 256 most frequent colours.
func frequent(m image.Image) color.Palette {
	count := map[color.Color]int{}
	each(m, func(_, _ int, c color.Color) { count[c]++ })
	var all color.Palette
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.Color) int { return count[b] - count[a] })
	return all[:min(len(all), 256)]
}

// each goes through the points of a picture.
func each(m image.Image, do func(x, y int, c color.Color)) {
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			do(x, y, m.At(x, y))
		}
	}
}
