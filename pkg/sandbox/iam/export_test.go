package iam

import "time"

// SetNow moves real time for tests.
func (s *Service) SetNow(now func() time.Time) { s.now = now }
