// Command zip writes a function's zip for AWS Lambda: one file, bootstrap, that
// may be executed. The same program gives the same bytes, on any machine and at
// any time, so that the CDK uploads, and Lambda updates, only what changed.
//
//	zip dist/diagnose/bootstrap dist/diagnose.zip
package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: zip BOOTSTRAP ZIP")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "zip:", err)
		os.Exit(1)
	}
}

func pack(bootstrap, to string) (err error) {
	in, err := os.Open(bootstrap) //nolint:gosec // whoever builds names the file
	if err != nil {
		return fmt.Errorf("read the function: %w", err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to) //nolint:gosec // the same
	if err != nil {
		return fmt.Errorf("write the zip: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return write(out, in)
}

// write: Lambda runs the file named bootstrap, as a user that isn't its owner.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-provided.html
func write(out io.Writer, bootstrap io.Reader) error {
	z := zip.NewWriter(out)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err != nil {
		return fmt.Errorf("write the zip: %w", err)
	}
	if _, err := io.Copy(w, bootstrap); err != nil {
		return fmt.Errorf("write the zip: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("write the zip: %w", err)
	}
	return nil
}
