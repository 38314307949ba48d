package sandbox

// MarkMarketplace makes an account's image one of AWS Marketplace's, which no API
// call can do: another account with which it is shared can launch and can't copy
// it. The error is EC2's where the account has no such image in the Region.
func (s *Sandbox) MarkMarketplace(account, region, imageID string) error {
	return s.ec2.MarkMarketplace(account, region, imageID)
}
