package endtoend_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox"
	"keymend/pkg/slr"
)

// listedByRoot lets the group's account list the key's grants; AWS's procedure doesn't.
const listedByRoot = `{"Sid":"List","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":["kms:ListGrants"],"Resource":"*"}`

// TestDoneByHand is AWS's procedure for another account's key, done by hand before Keymend
// looked: the grant has a name of its own. The group launches, and Keymend has nothing to
// do, nor to ask for.
func TestDoneByHand(t *testing.T) {
	without := func(op string) []string {
		return slices.DeleteFunc(slr.Operations(), func(o string) bool { return o == op })
	}
	copied := func(operations []string, more ...string) func(w *world) {
		return func(w *world) { _ = w.launchesByHand("x", operations, more...) }
	}
	playAll(t, "byhand", map[string]row{
		"all eight":         {ends: runs, make: copied(slr.Operations())},
		"seven":             {ends: runs, make: copied(without("Encrypt"))},
		"all eight, listed": {ends: runs, make: copied(slr.Operations(), listedByRoot)},
		"seven, listed":     {ends: runs, make: copied(without("Encrypt"), listedByRoot)},
		"then no capacity": {ends: lacks, make: func(w *world) {
			w.launchesByHand("x", slr.Operations())
			w.lacksCapacity()
		}},
		"seven, then no capacity": {ends: lacks, make: func(w *world) {
			w.launchesByHand("x", without("Encrypt"))
			w.lacksCapacity()
		}},
		"shared without the snapshot, then no capacity": {ends: lacks, make: func(w *world) {
			key := w.foreignKey()
			w.granted(key)
			w.defaultKey(w.openKey())
			w.launches(w.sharedImage(w.as(owner).snapshot(key), false))
			w.box.Advance(5 * time.Minute)
			w.lacksCapacity()
		}},
		"seven, listed, then no capacity": {ends: lacks, make: func(w *world) {
			w.launchesByHand("x", without("Encrypt"), listedByRoot)
			w.lacksCapacity()
		}},
	})
}

// launchesByHand makes the group of an image that another account shared with its
// snapshot, after somebody did AWS's procedure.
func (w *world) launchesByHand(name string, operations []string, more ...string) (key string) {
	w.t.Helper()
	key = w.as(owner).key(ownerPolicy(append([]string{useByRoot, byRoot}, more...)...), nil)
	w.makesRole()
	in := &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: aws.String(role), Name: &name}
	for _, o := range operations {
		in.Operations = append(in.Operations, kmstypes.GrantOperation(o))
	}
	_, err := w.kms.CreateGrant(w.t.Context(), in)
	must(w.t, err)
	w.defaultKey(w.openKey())
	w.launches(w.sharedImage(w.as(owner).snapshot(key), true))
	w.box.Advance(5 * time.Minute)
	return key
}

// TestGrantByHandIsSeen: where the key's policy lets the group's account list grants, the
// functions see one that a person made, and make none beside it.
func TestGrantByHandIsSeen(t *testing.T) {
	t.Parallel()
	b := newBorder(t, false)
	key := b.launchesByHand("x", slr.Operations(), listedByRoot)
	b.again()
	b.box.Advance(10 * time.Minute)
	b.wantUntouched()
	b.wantFinding("web-prod", key, "the grant x on "+key)
}

// makesRole makes the group's role, unless it is there, and waits until KMS knows it.
func (w *world) makesRole() {
	w.t.Helper()
	_, err := w.iam.CreateServiceLinkedRole(w.t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("autoscaling.amazonaws.com")})
	if taken := new(iamtypes.InvalidInputException); err != nil && !errors.As(err, &taken) {
		w.t.Fatal(err)
	}
	w.box.Advance(time.Minute)
}

// lacksCapacity has AWS run out of the group's instance type, and the group want more.
func (w *world) lacksCapacity() {
	w.t.Helper()
	sw := sandbox.DefaultSwitches()
	sw.NoCapacity = []string{string(ec2types.InstanceTypeM5Large)}
	w.box.SetSwitches(sw)
	w.want(4)
}
