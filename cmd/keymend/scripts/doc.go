// Package scripts holds stories of a person at a terminal: each file of testdata is a
// script that runs the built program against a sandbox of its own. `go test -update`
// writes the screens that a script compares with.
//
// Beside testscript's own commands a script has these:
//
//	sandbox [-functions] [-set PARAMETER=VALUE] [-speed N] SCENARIO
//	                                           start a sandbox with a scenario in it (or empty)
//	advance 10m                                move the sandbox's time
//	group NAME                                 make a group like the sandbox's first; a name in double quotes is Go's
//	aws SERVICE:OPERATION JSON [VARIABLE=MEMBER…]
//	                                           make a call with the script's credentials; keep members of the answer
//	control PATH JSON                          post to the sandbox's /_keymend/PATH
//	log FUNCTION FILE                          write what a function logged to a file
//	screen [stderr]                            write the last output, or errors, to the file screen, with ids and
//	                                           times replaced; no line but a command or an ARN is over 80 columns
//	schema NAME [stderr]                       each line of it is valid by docs/schemas/NAME.schema.json
//
// https://pkg.go.dev/github.com/rogpeppe/go-internal/testscript
package scripts
