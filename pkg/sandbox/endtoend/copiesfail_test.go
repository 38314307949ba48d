package endtoend_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/outcome"
	"keymend/pkg/sandbox"
)

// until moves time on, a second at a time, until something has happened.
func (c *copies) until(what string, happened func() bool) {
	c.t.Helper()
	for range 1200 {
		if happened() {
			return
		}
		c.box.Advance(time.Second)
	}
	c.t.Fatalf("%s: never\n%v", what, c.short())
}

func (c *copies) begun() bool { return c.copiesBegun() > 0 }

// TestCopyFails: KMS refuses the copy after all. What is left of it is cleared
// away by its tags, EC2's words are on record, and the group's next failure after
// the owner mended it copies anew.
func TestCopyFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		launch func(c *copies)
		spoil  func(c *copies)
		mend   func(c *copies)
		says   string
	}{
		"the policy is closed": {
			launch: func(c *copies) { c.launches(c.image) },
			spoil:  func(c *copies) { c.there.putPolicy(c.theirs, ownerPolicy()) },
			mend:   func(c *copies) { c.there.putPolicy(c.theirs, openTo(owner, account)) },
			says:   "AMI snapshot copy failed with error: Given key ID is not accessible",
		},
		"the key is disabled": {
			launch: func(c *copies) { c.launches(c.image) },
			spoil:  func(c *copies) { c.there.disable(c.theirs) },
			mend:   func(c *copies) { c.there.enable(c.theirs) },
			says:   "AMI snapshot copy failed with error: Given key ID is not accessible",
		},
		"a snapshot's": {
			launch: func(c *copies) {
				c.launches(c.world.image(), ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new("/dev/sdf"), Ebs: &ec2types.LaunchTemplateEbsBlockDeviceRequest{SnapshotId: &c.snapshot}})
			},
			spoil: func(c *copies) { c.there.putPolicy(c.theirs, ownerPolicy()) },
			mend:  func(c *copies) { c.there.putPolicy(c.theirs, openTo(owner, account)) },
			says:  "Given key ID is not accessible",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopies(t, copyable)
			tc.launch(c)
			c.until("a copy is begun", c.begun)
			tc.spoil(c)
			c.box.Advance(15 * time.Minute)
			images, snapshots := c.own()
			if len(images)+len(snapshots) != 0 || c.copiesBegun() != 1 || c.count("CreateLaunchTemplateVersion") != 0 {
				t.Fatalf("%d images, %d snapshots left\n%v", len(images), len(snapshots), c.short())
			}
			if r := c.last(outcome.Failed); !strings.Contains(r.Reason, tc.says) || !strings.Contains(r.Reason, "copies anew") {
				t.Error(r.Reason)
			}
			if _, err := c.there.ec2.DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{c.image}}); err != nil {
				t.Errorf("the source: %v", err)
			}
			tc.mend(c)
			c.box.Advance(30 * time.Minute)
			c.wantRunning("web-prod")
			if n := c.copiesBegun(); n != 2 {
				t.Errorf("begun %d times, want twice\n%v", n, c.short())
			}
		})
	}
}

// TestCopyNeedsTheDefaultKey: nothing is to lie under the account's default key, and
// EC2 wants to see it all the same. Where its policy keeps the copier out, EC2's words
// are on record.
func TestCopyNeedsTheDefaultKey(t *testing.T) {
	t.Parallel()
	closed := strings.Replace(rootOnly, account+":root", account+":user/admin", 1)
	for name, policy := range map[string]string{"open to IAM": rootOnly, "closed to IAM": closed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopies(t, copyable)
			c.defaultKey(c.key(policy, nil))
			c.launches(c.image, volume("/dev/xvda", new(true), c.ours))
			c.box.Advance(20 * time.Minute)
			if policy == rootOnly {
				c.wantRunning("web-prod")
			} else if r := c.last(outcome.Failed); !strings.Contains(r.Reason, "DescribeKey permissions on the default CMK") {
				t.Error(r.Reason)
			}
		})
	}
}

// TestSnapshotsStayInUse: what is left of a failed copy goes, also where EC2 has its
// snapshots in use for a while; where that lasts too long, it is on record.
func TestSnapshotsStayInUse(t *testing.T) {
	t.Parallel()
	for times, left := range map[int]int{2: 0, 1000: 1} {
		t.Run(strconv.Itoa(times), func(t *testing.T) {
			t.Parallel()
			c := newCopies(t, copyable, switched(func(s *sandbox.Switches) { s.SnapshotsInUse = times }))
			c.launches(c.image)
			c.until("a copy is begun", c.begun)
			c.there.putPolicy(c.theirs, ownerPolicy())
			c.box.Advance(2 * time.Minute)
			if images, snapshots := c.own(); len(images) != 0 || len(snapshots) != left {
				t.Errorf("%d images, %d snapshots left\n%v", len(images), len(snapshots), c.short())
			}
			if r := c.last(outcome.Failed); strings.Contains(r.Reason, "InvalidSnapshot.InUse") != (left > 0) {
				t.Error(r.Reason)
			}
		})
	}
}

// TestCopyEvents: events about the copy come early, late, twice and for images
// that are nobody's; there is one copy and one version all the same.
func TestCopyEvents(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable)
	stranger := c.world.image() // an event of its own, too
	template := c.mappedTemplate("web", c.image)
	c.group("web-prod", template, "$Latest")
	c.until("a copy is begun", c.begun)
	images, _ := c.own()
	tell := func(image, state string) {
		c.deliver(`{"version":"0","id":"6318c183-0f23-41a5-84e1-a0106fbc4da2","detail-type":"EC2 AMI State Change","source":"aws.ec2","account":"` + account + `","time":"2026-03-02T09:00:00Z","region":"` + region +
			`","resources":["arn:aws:ec2:` + region + `::image/` + image + `"],"detail":{"RequestId":"r","ImageId":"` + image + `","State":"` + state + `","ErrorMessage":""}}`)
	}
	for _, state := range []string{"available", "failed", "deregistered"} { // none of it is so yet
		tell(*images[0].ImageId, state)
		tell(stranger, state)
		tell("ami-0123456789abcdef0", state)
	}
	c.box.Advance(10 * time.Second)
	c.again()
	c.box.Advance(10 * time.Second)
	if all, _ := c.versions(template); len(all) != 1 || c.last(outcome.Copying).Outcome != outcome.Copying {
		t.Fatalf("%d versions of a pending copy\n%v", len(all), c.short())
	}
	c.box.Advance(20 * time.Minute)
	c.wantRunning("web-prod")
	for range 3 {
		tell(*images[0].ImageId, "available")
		tell(*images[0].ImageId, "failed")
		c.again()
		c.box.Advance(6 * time.Minute)
	}
	c.wantCopied(1, 1)
	if all, _ := c.versions(template); len(all) != 2 {
		t.Errorf("%d versions\n%v", len(all), c.short())
	}
	c.wantOutcome("", outcome.Ignored)
}

// TestCopyWithoutItsEvent: events are best effort; the group's own next failure
// goes on, too.
func TestCopyWithoutItsEvent(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable, edited(func(template []byte) []byte {
		return []byte(strings.Replace(string(template), `"detail-type": ["EC2 AMI State Change"]`, `"detail-type": ["EC2 AMI State Change, lost"]`, 1))
	}))
	c.launches(c.image)
	c.box.Advance(30 * time.Minute)
	c.wantRunning("web-prod")
	c.wantCopied(1, 1)
}

// TestCopyTakenBack: consent that is taken back stops what goes on.
func TestCopyTakenBack(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable)
	template := c.mappedTemplate("web", c.image)
	c.group("web-prod", template, "$Latest")
	c.until("a copy is begun", c.begun)
	c.there.untag(c.theirs, "keymend-copy")
	c.box.Advance(15 * time.Minute)
	c.wantCopied(1, 1)
	if all, _ := c.versions(template); len(all) != 1 {
		t.Errorf("%d versions\n%v", len(all), c.short())
	}
	c.wantFinding("web-prod", c.theirs, "tag keymend-copy doesn't name "+account)
	id, file := c.last(outcome.Copying).RemediationID, c.auditFile()
	if code, said := c.keymend(account, "undo", id, "--file", file); code != 3 || !strings.Contains(said, c.image) {
		t.Errorf("preview: %d %s", code, said)
	}
	if code, said := c.keymend(account, "undo", id, "--file", file, "--apply"); code != 0 || !strings.Contains(said, "is undone") {
		t.Errorf("undo: %d %s", code, said)
	}
	if images, snapshots := c.own(); len(images)+len(snapshots) != 0 {
		t.Errorf("%d images, %d snapshots left", len(images), len(snapshots))
	}
}

// TestCopyUndo takes back a default version that is still Keymend's, the version,
// and a copy that nothing launches from any more; what others chose since stays.
func TestCopyUndo(t *testing.T) {
	t.Parallel()
	for name, chosen := range map[string]bool{"as Keymend left it": false, "somebody chose another version since": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopies(t, copyable)
			template := c.mappedTemplate("web", c.image)
			c.group("web-prod", template, "$Default")
			c.box.Advance(25 * time.Minute)
			c.wantRunning("web-prod")
			copied, moved := c.last(outcome.Copying), c.last(outcome.Moved)
			file := c.auditFile()
			if code, said := c.keymend(account, "undo", copied.RemediationID, "--file", file, "--apply"); code == 0 || !strings.Contains(said, "in use") {
				t.Errorf("a copy in use: %d %s", code, said)
			}
			c.wantCopied(1, 1)
			want := int64(1)
			if chosen {
				c.changed(template, c.world.image())
				_, err := c.ec2.ModifyLaunchTemplate(t.Context(), &ec2.ModifyLaunchTemplateInput{LaunchTemplateId: &template, DefaultVersion: new("3")})
				must(t, err)
				want = 3
			}
			c.parameter("/keymend/switch", "off") // or it would begin again
			if code, said := c.keymend(account, "undo", moved.RemediationID, "--file", file, "--apply"); code != 0 || !strings.Contains(said, "is undone") {
				t.Errorf("undo: %d %s", code, said)
			}
			if _, standard := c.versions(template); standard != want {
				t.Errorf("default %d, want %d", standard, want)
			}
			all, _ := c.versions(template)
			if slices.ContainsFunc(all, func(v ec2types.LaunchTemplateVersion) bool { return *v.VersionNumber == 2 }) || int64(len(all)) != 1+want/3 {
				t.Errorf("versions %+v", all)
			}
			if code, said := c.keymend(account, "undo", copied.RemediationID, "--file", file, "--apply"); code != 0 || !strings.Contains(said, "is undone") {
				t.Errorf("undo of the copy: %d %s", code, said)
			}
			if images, snapshots := c.own(); len(images)+len(snapshots) != 0 {
				t.Errorf("%d images, %d snapshots left", len(images), len(snapshots))
			}
			if code, said := c.keymend(account, "undo", copied.RemediationID, "--file", file, "--apply"); code != 0 || !strings.Contains(said, "gone already") {
				t.Errorf("again: %d %s", code, said)
			}
		})
	}
}

func (w *world) enable(key string) {
	w.t.Helper()
	_, err := w.kms.EnableKey(w.t.Context(), &kms.EnableKeyInput{KeyId: &key})
	must(w.t, err)
}

func (w *world) untag(key string, names ...string) {
	w.t.Helper()
	_, err := w.kms.UntagResource(w.t.Context(), &kms.UntagResourceInput{KeyId: &key, TagKeys: names})
	must(w.t, err)
}
