package endtoend_test

import "testing"

// TestTable is AWS's table of which key a volume gets, row by row. D is the
// account's default EBS key, K the one that the template names, S the snapshot's.
// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-examples.html
func TestTable(t *testing.T) {
	yes := new(true)
	playAll(t, "table", map[string]row{
		"unencrypted, nothing said: none": {ends: runs, make: func(w *world) {
			w.defaultKey(w.key(rootOnly, enrolled))
			w.launches(w.image())
		}},
		"unencrypted, Encrypted: D": {make: func(w *world) {
			w.defaultKey(w.key(rootOnly, enrolled))
			w.launches(w.image(), volume("/dev/xvda", yes, ""))
		}},
		"unencrypted, Encrypted=false, by default: D": {make: func(w *world) {
			image := w.image()
			w.defaultKey(w.key(rootOnly, enrolled))
			w.encryptByDefault()
			w.launches(image, volume("/dev/xvda", new(false), ""))
		}},
		"empty volume, by default: D": {make: func(w *world) {
			image := w.imageOf(w.snapshot(w.openKey()))
			w.defaultKey(w.key(rootOnly, enrolled))
			w.encryptByDefault()
			w.launches(image, volume("/dev/sdf", nil, ""))
		}},
		"unencrypted, K: K": {make: func(w *world) {
			w.defaultKey(w.key(rootOnly, nil))
			w.launches(w.image(), volume("/dev/xvda", yes, w.key(rootOnly, enrolled)))
		}},
		"own under S, by default: S": {make: func(w *world) {
			image := w.imageOf(w.snapshot(w.key(rootOnly, enrolled)))
			w.defaultKey(w.key(rootOnly, nil))
			w.encryptByDefault()
			w.launches(image)
		}},
		"own under S, K: S and K": {make: func(w *world) {
			image := w.imageOf(w.snapshot(w.key(rootOnly, enrolled)))
			w.launches(image, volume("/dev/xvda", yes, w.key(rootOnly, enrolled)))
		}},
		"foreign under S, nothing said: S and D": {ends: halves, make: func(w *world) {
			w.defaultKey(w.key(rootOnly, enrolled))
			w.launches(w.sharedImage(w.as(owner).snapshot(w.foreignKey()), true))
		}},
		"foreign under S, K: S and K": {ends: halves, make: func(w *world) {
			image := w.sharedImage(w.as(owner).snapshot(w.foreignKey()), true)
			w.launches(image, volume("/dev/xvda", yes, w.key(rootOnly, enrolled)))
		}},
		"K without Encrypted: refused": {ends: stands, make: func(w *world) {
			template := w.template("web", w.image(), nil)
			key := w.key(rootOnly, enrolled)
			w.groupOf(groupLater(template))
			w.changed(template, w.image(), volume("/dev/xvda", nil, key))
			w.want(2)
		}},
	})
}
