// Package together runs tasks side by side.
package together

import (
	"errors"
	"sync"
)

// widest bounds how many tasks run at a time: well below EC2's burst of 100
// Describe calls, and KMS's 100 ListGrants a second.
//
//	EC2  https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
//	KMS  https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html
const widest = 25

// Do runs the tasks side by side, waits for all of them, and joins their errors in
// the order of the tasks. All errors count: the first in time would make it a race
// whether a refusal or a fault that passes is told. Tasks mustn't write to the same
// variables.
func Do(tasks ...func() error) error {
	errs := make([]error, len(tasks))
	places := make(chan struct{}, widest)
	var wg sync.WaitGroup
	for i, task := range tasks {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			errs[i] = task()
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Each does the same for each of a list, side by side as Do does, and returns what came of
// each in the list's order.
func Each[T, R any](all []T, do func(T) (R, error)) ([]R, error) {
	out := make([]R, len(all))
	tasks := make([]func() error, len(all))
	for i, one := range all {
		tasks[i] = func() (err error) { out[i], err = do(one); return err }
	}
	return out, Do(tasks...)
}
