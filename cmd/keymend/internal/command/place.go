package command

import (
	"keymend/cmd/keymend/internal/report"
)

// place is where this run acts, as another shell has to be told: what flags said, and
// what the environment said in their place.
func (p *program) place(account, region string) report.Place {
	at := report.Place{Account: account, Region: region, Profile: p.flags.Profile, Endpoint: p.flags.EndpointURL, Roles: p.given.reaching}
	// Of the environment, keys and a web identity go before a profile; of flags, a
	// profile goes before these.
	// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
	if at.Profile == "" && p.Getenv("AWS_ACCESS_KEY_ID") == "" && p.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") == "" {
		at.Profile = p.Getenv("AWS_PROFILE")
	}
	if at.Endpoint == "" && p.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") != "true" {
		at.Endpoint = p.Getenv("AWS_ENDPOINT_URL")
	}
	return at
}
