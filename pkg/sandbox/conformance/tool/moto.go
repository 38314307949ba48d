package tool

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Moto stands in for AWS as far as it goes; what isn't judged without it.
func Moto(what string) Tool { return Tool{"moto_server", []string{"-h"}, what} }

// StartMoto starts moto for an account until the test ends, and returns its URL; "" = for
// as many as its callers' credentials are of, 123456789012 where those say nothing. It
// knows the bucket of a template by the word localhost in it.
func StartMoto(t *testing.T, moto Tool, account string, environment []string) string {
	t.Helper()
	program := moto.Need(t)
	port := freePort(t)
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", port) //nolint:gosec // Need found the program
	cmd.Env = append(environment, "AWS_EC2_METADATA_DISABLED=true")
	if account != "" {
		cmd.Env = append(cmd.Env, "MOTO_ACCOUNT_ID="+account)
	}
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if _, trouble, found := strings.Cut(log.String(), "Traceback"); t.Failed() && found {
			t.Logf("moto_server: Traceback%s", trouble)
		}
	})
	url := "http://localhost:" + port
	for range 600 { // real time: another's process starts
		if response, err := http.Get(url + "/moto-api/data.json"); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			return url
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("moto_server did not answer within 30 seconds")
	return ""
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it was only asked for a port
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}
