package sandbox

// SeedKeyPolicy gives a key a policy that no API call would: one that KMS took
// once, and refuses today as a whole when it is edited.
func (s *Sandbox) SeedKeyPolicy(keyARN, policy string) error {
	return s.kms.SeedPolicy(keyARN, policy)
}
