package together_test

import (
	"errors"
	"fmt"
	"strconv"
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

func TestEach(t *testing.T) {
	t.Parallel()
	got, err := together.Each([]string{"1", "x", "3", "y"}, strconv.Atoi)
	if fmt.Sprint(got) != "[1 0 3 0]" || strings.Count(fmt.Sprint(err), "invalid syntax") != 2 {
		t.Errorf("%v, %v", got, err)
	}
}
