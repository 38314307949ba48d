package ec2

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// MarkMarketplace makes an image one of AWS Marketplace's, which no call can do:
// whoever it is shared with can launch it, and can't copy it. The error is EC2's
// where the account has no such image.
func (s *Service) MarkMarketplace(account, region, imageID string) error {
	return s.onImage(&wire.Caller{Account: account, Region: region}, imageID, func(_ *store, img *types.Image) error {
		img.ProductCodes = []types.ProductCode{{ProductCodeId: new("sandbox" + imageID[len("ami-"):]), ProductCodeType: types.ProductCodeValuesMarketplace}}
		return nil
	})
}
