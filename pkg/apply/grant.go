package apply

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/plan"
)

// Granter makes and revokes grants.
type Granter interface {
	CreateGrant(context.Context, *kms.CreateGrantInput, ...func(*kms.Options)) (*kms.CreateGrantOutput, error)
	RevokeGrant(context.Context, *kms.RevokeGrantInput, ...func(*kms.Options)) (*kms.RevokeGrantOutput, error)
}

// CreateGrant carries out a grant step. KMS answers the same name with the same
// parameters by the grant that exists, so doing it twice is doing it once.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func CreateGrant(ctx context.Context, g Granter, sleep Sleep, s plan.CreateGrant) (Done, error) {
	in := &kms.CreateGrantInput{KeyId: &s.Key, GranteePrincipal: &s.Principal, Name: &s.Name}
	if s.Retiring != "" {
		in.RetiringPrincipal = &s.Retiring
	}
	for _, o := range s.Operations {
		in.Operations = append(in.Operations, types.GrantOperation(o))
	}
	var id string
	err := untilKnown(ctx, sleep, func() error {
		out, err := g.CreateGrant(ctx, in)
		if err == nil && out.GrantId != nil {
			id = *out.GrantId
		}
		return err
	})
	if err != nil {
		return Done{}, fmt.Errorf("create grant on %s: %w", s.Key, refused(err))
	}
	return Done{Changed: true, GrantID: id, Undo: Undo{RevokeGrant: &RevokeGrant{Key: s.Key, GrantID: id}}}, nil
}
