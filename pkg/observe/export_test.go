package observe

// What tests ask one by one.
var (
	SnapshotsByID = snapshotsByID //nolint:gochecknoglobals // for tests
	ImagesByID    = imagesByID    //nolint:gochecknoglobals // for tests
	OwnSnapshots  = ownSnapshots  //nolint:gochecknoglobals // for tests
)
