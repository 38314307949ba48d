// Package conformance holds the tests in which others' programs judge the
// sandbox: boto3 and the AWS CLI, which are clients independent of the Go SDK;
// moto, which is another server; and AWS's registry of event schemas.
//
// A program that isn't installed is said, never passed over: its tests are
// skipped with a line that says so, and fail where KEYMEND_REQUIRE_TOOLS=1
// (as in .ci/run). The programs are looked for in .tools/venv/bin, then on
// PATH; testdata/python/requirements.txt pins their versions.
package conformance
