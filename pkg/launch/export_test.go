package launch

// OwnerOf is ownerOf for tests.
var OwnerOf = ownerOf //nolint:gochecknoglobals // a door for tests

// WarmPoolOf is warmPoolOf.
var WarmPoolOf = warmPoolOf //nolint:gochecknoglobals // for tests
