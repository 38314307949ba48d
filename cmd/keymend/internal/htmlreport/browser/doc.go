// Package browser holds the HTML report to Chromium: it loads, is searched, sorted,
// printed and walked through by keyboard as a reader would, and axe-core judges its
// accessibility.
//
// It has tests and nothing else. Node runs the checks of testdata, one process and one
// browser for all of them; docs/decisions/0015-report-in-chromium.md says why. No
// check waits for a time to pass.
package browser
