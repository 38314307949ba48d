package launch

import (
	"errors"
	"slices"
	"sync"
)

// widest bounds how many calls run side by side: enough for the templates of
// one invocation, well below EC2's burst of 100 Describe calls.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
const widest = 25

// together runs tasks side by side, waits for all of them and joins their
// errors in the order of the tasks. Tasks must not write to the same variables.
func together(tasks ...func() error) error {
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

// inParts reads the parts of a long list side by side, as many of them as one
// call takes at a time.
func inParts[T any](all []string, size int, read func([]string) ([]T, error)) ([]T, error) {
	parts := slices.Collect(slices.Chunk(all, size))
	answers := make([][]T, len(parts))
	var tasks []func() error
	for i, part := range parts {
		tasks = append(tasks, func() (err error) { answers[i], err = read(part); return err })
	}
	if err := together(tasks...); err != nil {
		return nil, err
	}
	return slices.Concat(answers...), nil
}

func distinct(s []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(s)))
}
