package together_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"keymend/pkg/together"
)

func TestDo(t *testing.T) {
	t.Parallel()
	var at, most, done atomic.Int32
	one, two := errors.New("one"), errors.New("two")
	var tasks []func() error
	for i := range 200 {
		tasks = append(tasks, func() error {
			now := at.Add(1)
			for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
			}
			done.Add(1)
			at.Add(-1)
			switch i {
			case 150:
				return one
			case 199:
				return two
			}
			return nil
		})
	}
	err := together.Do(tasks...)
	if !errors.Is(err, one) || !errors.Is(err, two) || strings.Index(err.Error(), "one") > strings.Index(err.Error(), "two") {
		t.Errorf("%v", err)
	}
	if done.Load() != 200 || most.Load() > 25 {
		t.Errorf("%d done, %d at a time", done.Load(), most.Load())
	}
	if err := together.Do(); err != nil {
		t.Error(err)
	}
}
