package launch

import (
	"errors"
	"sync"
)

// together runs tasks side by side, waits for all of them and joins their
// errors in the order of the tasks. Tasks must not write to the same variables.
func together(tasks ...func() error) error {
	errs := make([]error, len(tasks))
	var wg sync.WaitGroup
	for i, task := range tasks {
		wg.Go(func() { errs[i] = task() })
	}
	wg.Wait()
	return errors.Join(errs...)
}
