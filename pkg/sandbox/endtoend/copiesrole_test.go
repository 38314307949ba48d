package endtoend_test

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/pkg/outcome"
	"keymend/pkg/permission"
)

// TestNoCopierUnlessAskedFor: without the setting there is no such role.
func TestNoCopierUnlessAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: new("keymend-copier")}); err == nil {
		t.Error("the copier's role is there")
	}
	c := newCopies(t, nil)
	if _, err := c.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: new("keymend-copier")}); err != nil {
		t.Error(err)
	}
}

// TestEveryPermissionForCopiesIsNeeded is TestEveryPermissionIsNeeded for what
// the setting copy adds: without it the group isn't healed, and what was refused
// is on record.
func TestEveryPermissionForCopiesIsNeeded(t *testing.T) {
	t.Parallel()
	with, without := copiesPlace(true), copiesPlace(false)
	for _, role := range permission.Roles() {
		plain := permission.For(role, without)
		for _, p := range permission.For(role, with) {
			if slices.ContainsFunc(plain, func(o permission.Permission) bool { return o.Action == p.Action && o.Resource == p.Resource }) {
				continue
			}
			t.Run(string(role)+" "+p.Action+" "+path.Base(p.Resource), func(t *testing.T) {
				sample(t, 6)
				t.Parallel()
				c := newCopies(t, copyable)
				c.revoke(role, p.Action, p.Resource)
				c.needing(p)
				c.box.Advance(20 * time.Minute)
				c.wantStopped(role, p)
			})
		}
	}
}

func copiesPlace(copies bool) permission.Place {
	return permission.Place{
		Partition: "aws", Account: account, Region: region, Prefix: "keymend-",
		Signals: "keymend-signals", Changes: "keymend-changes.fifo", SwitchParameter: "/keymend/switch",
		Accounts: []string{owner}, Copies: copies, ImageParameters: "/",
	}
}

// needing plays what needs a permission.
func (c *copies) needing(p permission.Permission) {
	template := ""
	switch {
	case p.Action == "sqs:SendMessage":
		c.overtaken()
		return
	case p.Action == "ec2:CopySnapshot":
		template = c.mappedTemplate("web", c.world.image(), ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new("/dev/sdf"), Ebs: &ec2types.LaunchTemplateEbsBlockDeviceRequest{SnapshotId: &c.snapshot}})
	default:
		template = c.mappedTemplate("web", c.image)
	}
	version := "$Latest"
	if p.Action == "ec2:ModifyLaunchTemplate" {
		version = "$Default"
	}
	c.group("web-prod", template, version)
	if p.Action == "ec2:DeregisterImage" || p.Action == "ec2:DeleteSnapshot" {
		c.until("a copy is begun", c.begun)
		c.there.putPolicy(c.theirs, ownerPolicy())
	}
}

// overtaken has the group launch from another image while the message about a copy of
// the first one waits: its receiver was killed. Only the receiver can send on what
// that asks for, since diagnose may not send any more.
func (c *copies) overtaken() {
	probe := newCopies(c.t, copyable)
	before := len(probe.functionCalls())
	probe.group("web-prod", probe.mappedTemplate("web", probe.image), "$Latest")
	probe.until("a copy is begun", probe.begun)
	sent := slices.Index(probe.functionCalls()[before:], "SendMessage") + 1
	template := c.mappedTemplate("web", c.image)
	c.box.KillFunctionsAt(sent+2, true)
	c.group("web-prod", template, "$Latest")
	c.until("the receiver is killed", func() bool { _, killed := c.box.KilledBy(); return killed })
	c.revoke(permission.Diagnose, "sqs:SendMessage", "arn:aws:sqs:"+region+":"+account+":keymend-changes.fifo")
	c.changed(template, c.sharedImage(c.there.snapshot(c.theirs), true))
}

// TestOvertakenCopy: what a message about one image leads to by then, a copy of
// another, is sent to whoever writes that; it isn't written under the first one's
// lock.
func TestOvertakenCopy(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable)
	c.overtaken()
	c.until("a copy of the second image is begun", c.begun)
	if r := c.last(outcome.Superseded); !strings.Contains(r.Reason, "the fresh plan is") || c.copiesBegun() != 1 {
		t.Errorf("%d copies begun; %s %s", c.copiesBegun(), r.Outcome, r.Reason)
	}
}

// wantStopped fails unless the group isn't healed for want of the permission, and
// the functions said so: by its name, or, where EC2 asks KMS in the copier's name,
// by EC2's words.
func (c *copies) wantStopped(role permission.Role, p permission.Permission) {
	c.t.Helper()
	if n := c.inService("web-prod"); n != 0 {
		c.t.Errorf("healed without %s", p.Action)
	}
	says := p.Action
	if strings.HasPrefix(p.Action, "kms:") {
		says = "Given key ID is not accessible"
	}
	refused := false
	for _, call := range c.box.Calls() {
		refused = refused || strings.Contains(call.Message, p.Action) && strings.Contains(call.Caller, "keymend-"+string(role))
	}
	if !refused {
		c.t.Errorf("nothing was refused for want of %s\n%v", p.Action, c.short())
	}
	said := false
	for _, r := range c.records() {
		text, err := json.Marshal(r)
		must(c.t, err)
		said = said || strings.Contains(string(text), says)
	}
	if !said {
		c.t.Errorf("no record says %s\n%v", says, c.short())
	}
}

// TestCopierSessions: each session does one action, on one target; so CloudTrail
// shows, and so a stolen one is good for nothing else.
func TestCopierSessions(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable)
	template := c.mappedTemplate("web", c.image)
	c.group("web-prod", template, "$Default")
	c.box.Advance(20 * time.Minute)
	c.wantRunning("web-prod")
	did := map[string]int{}
	for _, call := range c.box.Calls() {
		if strings.Contains(call.Caller, "keymend-copier") && call.Service == "ec2" {
			did[call.Operation]++
			if call.Error != "" || !strings.Contains(call.Caller, "/keymend-r-") {
				t.Errorf("%+v", call)
			}
		}
	}
	if did["CopyImage"] != 1 || did["CreateLaunchTemplateVersion"] != 1 || did["ModifyLaunchTemplate"] != 1 || len(did) != 3 {
		t.Errorf("%v", did)
	}
	out, err := c.ec2.DescribeLaunchTemplateVersions(t.Context(), &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &template, Versions: []string{"2"}})
	must(t, err)
	if v := out.LaunchTemplateVersions[0]; !strings.HasPrefix(*v.VersionDescription, "keymend: version 1 with own copies (r-") || !strings.Contains(*v.CreatedBy, "keymend-copier") {
		t.Errorf("%+v", v)
	}
}
