package kms_test

import (
	"context"
	"testing"
	"time"

	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/wire"
)

// TestTagDelay: a changed tag shows at once, and counts for aws:ResourceTag later,
// whether it was added, changed or taken away. One that the key was made with
// counts at once.
func TestTagDelay(t *testing.T) {
	t.Parallel()
	f := set(t)
	f.kms.SetSwitches(kms.Switches{TagDelay: 5 * time.Minute})
	admin, key := f.admin(owner), f.key()
	app := wire.WithCaller(context.Background(), f.role(owner, "app", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/keymend":"remediate"}}}]}`))
	wantAllowed := func(want bool, key string) {
		t.Helper()
		_, err := f.kms.DescribeKey(app, &awskms.DescribeKeyInput{KeyId: &key})
		if want && err != nil {
			t.Error(err)
		} else if !want {
			f.wantCode(err, "AccessDeniedException", "identity-based")
		}
	}
	tag := func(value string) {
		t.Helper()
		_, err := f.kms.TagResource(admin, &awskms.TagResourceInput{KeyId: &key, Tags: []types.Tag{{TagKey: new("keymend"), TagValue: &value}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	tag("remediate")
	if out, err := f.kms.ListResourceTags(admin, &awskms.ListResourceTagsInput{KeyId: &key}); err != nil || len(out.Tags) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	wantAllowed(false, key)
	f.clock.Advance(4 * time.Minute)
	tag("ignore")
	wantAllowed(false, key)
	f.clock.Advance(time.Minute)
	wantAllowed(true, key)
	f.clock.Advance(4 * time.Minute)
	wantAllowed(false, key)

	made, err := f.kms.CreateKey(admin, &awskms.CreateKeyInput{Tags: []types.Tag{{TagKey: new("keymend"), TagValue: new("remediate")}}})
	if err != nil {
		t.Fatal(err)
	}
	wantAllowed(true, *made.KeyMetadata.Arn)
	if _, err := f.kms.UntagResource(admin, &awskms.UntagResourceInput{KeyId: made.KeyMetadata.Arn, TagKeys: []string{"keymend"}}); err != nil {
		t.Fatal(err)
	}
	wantAllowed(true, *made.KeyMetadata.Arn)
	f.clock.Advance(5 * time.Minute)
	wantAllowed(false, *made.KeyMetadata.Arn)
}
