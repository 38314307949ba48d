// Package conformance holds the tests in which others' programs judge the
// sandbox: boto3 and the AWS CLI, which are clients independent of the Go SDK;
// moto, which is another server; and AWS's registry of event schemas.
//
// They run where KEYMEND_JUDGES=1, as `make conformance` sets it. A program that
// isn't installed then fails the test. The programs are looked for in
// .tools/venv/bin, then on PATH; testdata/python/requirements.txt pins their
// versions.
package conformance
