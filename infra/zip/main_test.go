package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestPack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := bytes.Repeat([]byte("a program\n"), 1000)
	var zips [][]byte
	for _, name := range []string{"first", "second"} {
		from, to := filepath.Join(dir, name), filepath.Join(dir, name+".zip")
		if err := os.WriteFile(from, program, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(from, time.Now(), time.Now().Add(time.Duration(len(zips))*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := pack(from, to); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		zips = append(zips, text)
	}
	if !bytes.Equal(zips[0], zips[1]) {
		t.Error("the same program gives two zips")
	}
	r, err := zip.NewReader(bytes.NewReader(zips[0]), int64(len(zips[0])))
	if err != nil || len(r.File) != 1 {
		t.Fatalf("%v, %v", r, err)
	}
	f := r.File[0]
	if f.Name != "bootstrap" || f.Mode() != 0o755 {
		t.Errorf("%s, mode %v", f.Name, f.Mode())
	}
	in, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(in); err != nil || !bytes.Equal(got, program) {
		t.Errorf("%d bytes came out, %v", len(got), err)
	}
}

func TestPackSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := pack(filepath.Join(dir, "none"), filepath.Join(dir, "z")); err == nil {
		t.Error("no function, and no error")
	}
	if err := os.WriteFile(filepath.Join(dir, "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := pack(filepath.Join(dir, "f"), filepath.Join(dir, "no", "z")); err == nil {
		t.Error("nowhere to write, and no error")
	}
}
