package table_test

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/kind/copies"
)

func making(source string) copies.Make {
	s := copies.Make{
		Account: applytest.Account, Region: applytest.Region, Key: applytest.TheirKey, Source: source,
		CopyKey: applytest.CopyKey, Keys: []string{applytest.TheirKey}, Group: "web",
	}
	if copies.IsImage(source) {
		s.Name = "keymend copy of " + source
	}
	return s
}

// copiedBy has a remediation make a copy of an image, with the snapshot of its own, or
// of a snapshot.
func copiedBy(s copies.Make, remediation string) func(*applytest.World) {
	return func(w *applytest.World) {
		var tags []types.Tag
		for key, value := range s.Tags(remediation) {
			tags = append(tags, types.Tag{Key: &key, Value: &value})
		}
		id := "-of-" + remediation
		if s.CopyKey != applytest.CopyKey {
			id += "-under-another-key"
		}
		snapshot := "snap" + id
		w.Snapshots = append(w.Snapshots, types.Snapshot{
			SnapshotId: &snapshot, OwnerId: new(applytest.Account), KmsKeyId: &s.CopyKey, VolumeId: new("vol-ffffffff"), State: types.SnapshotStateCompleted, Tags: tags,
		})
		if copies.IsImage(s.Source) {
			w.Images = append(w.Images, types.Image{
				ImageId: new("ami" + id), OwnerId: new(applytest.Account), State: types.ImageStateAvailable, SourceImageId: &s.Source, Name: &s.Name, Tags: tags,
				BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &types.EbsBlockDevice{SnapshotId: &snapshot}}},
			})
		}
	}
}

// noImages takes all images of the account away, and noSnapshots all snapshots.
func noImages(w *applytest.World) {
	w.Images = slices.DeleteFunc(slices.Clone(w.Images), func(i types.Image) bool { return *i.OwnerId == applytest.Account })
}

func noSnapshots(w *applytest.World) {
	w.Snapshots = slices.DeleteFunc(slices.Clone(w.Snapshots), func(s types.Snapshot) bool { return *s.OwnerId == applytest.Account })
}

func noCopies(w *applytest.World) {
	noImages(w)
	noSnapshots(w)
}

// withdrawn takes away what the copies are of: its owner shares it no more.
func withdrawn(w *applytest.World) {
	w.Images = slices.DeleteFunc(slices.Clone(w.Images), func(i types.Image) bool { return *i.OwnerId == applytest.Theirs })
	w.Snapshots = slices.DeleteFunc(slices.Clone(w.Snapshots), func(s types.Snapshot) bool { return *s.OwnerId == applytest.Theirs })
}

// fails has the account's copies come to nothing.
func fails(w *applytest.World) {
	for i := range w.Images {
		if *w.Images[i].OwnerId == applytest.Account {
			w.Images[i].State = types.ImageStateFailed
		}
	}
	for i := range w.Snapshots {
		if *w.Snapshots[i].OwnerId == applytest.Account {
			w.Snapshots[i].State = types.SnapshotStateError
		}
	}
}

// untagged is a copy by hand, which nothing tells.
func untagged(s copies.Make) func(*applytest.World) {
	return func(w *applytest.World) {
		s.Name = "by hand"
		copiedBy(s, "hand")(w)
		for i := range w.Images {
			w.Images[i].Tags = nil
		}
		for i := range w.Snapshots {
			w.Snapshots[i].Tags = nil
		}
	}
}

func copied() map[string]func() applytest.Case {
	image, snapshot := making("ami-1"), making("snap-1")
	where := copies.Remove{Account: image.Account, Region: image.Region, Key: image.Key, Source: "ami-1", CopyKey: image.CopyKey}
	byTags, byID, ofSnapshot, snapshotByID, orphans := where, where, where, where, where
	byTags.Remediation, ofSnapshot.Remediation = "r-0", "r-0"
	byID.ID, byID.Snapshots, byID.Why = "ami-of-r-0", []string{"snap-of-r-0"}, "the copy failed"
	ofSnapshot.Source, snapshotByID.Source, snapshotByID.ID = "snap-1", "snap-1", "snap-of-r-0"
	orphans.Snapshots = []string{"snap-of-r-0"}
	return map[string]func() applytest.Case{
		"an image copied":            func() applytest.Case { return copying(image) },
		"a snapshot copied":          func() applytest.Case { return copying(snapshot) },
		"an image's copy removed":    func() applytest.Case { return removing(byTags, image) },
		"… by its id":                func() applytest.Case { return removing(byID, image) },
		"a snapshot's copy removed":  func() applytest.Case { return removing(ofSnapshot, snapshot) },
		"… by its id, too":           func() applytest.Case { return removing(snapshotByID, snapshot) },
		"an image's snapshots, left": func() applytest.Case { return removingLeft(orphans, image) },
	}
}

func copying(s copies.Make) applytest.Case {
	c := applytest.Case{
		Step: s, World: applytest.New, Marked: true, Once: copies.IsImage(s.Source), Does: copiedBy(s, "r-0"), Undoes: noCopies,
		Acts: []applytest.Act{
			{Name: "a person copied it by hand", Do: untagged(s), Stands: apply.Absent},
			{Name: "the copy failed", After: true, Do: fails, Stands: apply.Absent, Err: apply.ErrSuperseded},
			{Name: "its owner shares the source no more", After: true, Do: withdrawn, Stands: apply.Ours},
		},
	}
	if copies.IsImage(s.Source) {
		c.Acts = append(c.Acts, applytest.Act{Name: "a person deleted its snapshots", After: true, Do: noSnapshots, Stands: apply.Absent})
	}
	return c
}

// names has a template version name a copy.
func names(id string) func(*applytest.World) {
	return func(w *applytest.World) {
		w.Version("lt-1", "a person's", &types.ResponseLaunchTemplateData{
			ImageId: new("ami-1"), BlockDeviceMappings: []types.LaunchTemplateBlockDeviceMapping{{DeviceName: new("/dev/sdb"), Ebs: &types.LaunchTemplateEbsBlockDevice{SnapshotId: &id}}},
		})
	}
}

func removing(step copies.Remove, of copies.Make) applytest.Case {
	under := of
	under.CopyKey = applytest.OwnKey
	c := applytest.Case{
		Step: step, World: after(copiedBy(of, "r-0"), copiedBy(making("ami-9"), "r-9")), Final: true, Does: func(w *applytest.World) {
			noCopies(w)
			copiedBy(making("ami-9"), "r-9")(w)
		}, Undoes: copiedBy(of, "r-0"),
		Acts: []applytest.Act{
			{Name: "a person has a template name it", Do: names("snap-of-r-0"), Stands: apply.Absent, Err: apply.ErrInUse},
			{Name: "another copy was made", Do: copiedBy(of, "r-2"), Stands: apply.Absent},
			{Name: "another copy's snapshots were left", Do: snapshotsLeft(of, "r-2"), Stands: apply.Absent},
			{Name: "a copy was made under another key", Do: copiedBy(under, "r-0"), Stands: apply.Absent},
		},
	}
	if copies.IsImage(step.Source) {
		c.Acts = append(c.Acts, applytest.Act{Name: "a person did half of it", Do: noImage("ami-of-r-0"), Stands: apply.Absent})
	}
	return c
}

// noImage takes one image away, without its snapshots.
func noImage(id string) func(*applytest.World) {
	return func(w *applytest.World) {
		w.Images = slices.DeleteFunc(slices.Clone(w.Images), func(i types.Image) bool { return *i.ImageId == id })
	}
}

// snapshotsLeft has a remediation make a copy, and a person take its image away.
func snapshotsLeft(of copies.Make, remediation string) func(*applytest.World) {
	return func(w *applytest.World) {
		copiedBy(of, remediation)(w)
		noImage("ami-of-" + remediation)(w)
	}
}

// removingLeft takes away what an interrupted removal left.
func removingLeft(step copies.Remove, of copies.Make) applytest.Case {
	return applytest.Case{
		Step: step, World: after(snapshotsLeft(of, "r-0")), Final: true, Does: noSnapshots, Undoes: snapshotsLeft(of, "r-0"),
		Acts: []applytest.Act{
			{Name: "a person has a template name it", Do: names("snap-of-r-0"), Stands: apply.Absent, Err: apply.ErrInUse},
			{Name: "another copy's snapshots were left", Do: snapshotsLeft(of, "r-2"), Stands: apply.Absent},
		},
	}
}
