package htmlreport_test

import (
	"fmt"
	"runtime"
	"testing"

	"keymend/cmd/keymend/internal/htmlreport"
	"keymend/cmd/keymend/internal/scan"
)

const megabyte = 1 << 20

// thousands are groups of which nobody keeps a list, as a scan hands them on: a tenth
// fails, at fifty keys.
func thousands(n int) func(func(scan.Row) error) error {
	return func(do func(scan.Row) error) error {
		for i := range n {
			row := opened(fmt.Sprintf("service-%05d", i))
			if i < n/10 {
				row = fails(fmt.Sprintf("service-%05d", i))
				row.Keys[0].ARN = fmt.Sprintf("%s%02d", keyARN[:len(keyARN)-2], i%50)
				row.Keys[0].Alias = fmt.Sprintf("alias/team-%02d", i%50)
			}
			if err := do(row); err != nil {
				return err
			}
		}
		return nil
	}
}

// counted counts what is written, and how much memory is in use at most.
type counted struct{ written, most uint64 }

func (c *counted) Write(b []byte) (int, error) {
	before := c.written
	c.written += uint64(len(b))
	if c.written/megabyte > before/megabyte {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		c.most = max(c.most, m.HeapAlloc)
	}
	return len(b), nil
}

// 5,000 groups are a file that a browser opens, and need no memory of their own.
func TestManyGroups(t *testing.T) {
	var out [2]counted
	for i, n := range []int{500, 5000} {
		says, err := htmlreport.Write(&out[i], htmlreport.Page{Made: made(), Rows: thousands(n)})
		if want := fmt.Sprintf("%d groups: %d fail now, %d are fine", n, n/10, n-n/10); err != nil || says != want {
			t.Fatalf("%q, %v; want %q", says, err, want)
		}
	}
	t.Logf("5,000 groups: %d bytes, %d in use; 500: %d in use", out[1].written, out[1].most, out[0].most)
	if out[1].written > 15*megabyte {
		t.Errorf("5,000 groups are %d bytes", out[1].written)
	}
	if out[1].most > out[0].most+2*megabyte {
		t.Errorf("5,000 groups need %d bytes of memory, 500 need %d", out[1].most, out[0].most)
	}
}
