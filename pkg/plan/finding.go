package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/arn"
)

// ID identifies the finding: the same for the same account, Region, group, key
// and principal, so that looking again makes no new finding.
func (f Finding) ID() string {
	return "f-" + hash(f.Account, f.Region, f.Group, f.Facts.Key.ARN, f.Principal.ARN)
}

// RemediationID names one remediation in the audit log and, as the role session
// name, in CloudTrail. Carrying out the same plan on the same facts again is the
// same remediation.
func RemediationID(digest string) string { return "r-" + hash(digest) }

// Decision sums up the finding's results: the role's, and the instance's where a
// statement keeps it from decrypting. One that only may counts where launches fail as
// they would then.
func (f Finding) Decision() access.Decision {
	role := access.Decide(f.Results)
	switch {
	case f.Instance.Reason == access.DeniedByStatement:
		return access.Denied
	case role == access.Allowed && f.Instance.Reason == access.MayBeDenied && f.Cause == activity.KMSAccess:
		return access.Unknown
	}
	return role
}

// Decided returns the operations that a launch needs and that are decided so.
func (f Finding) Decided(d access.Decision) []string {
	var out []string
	for _, r := range f.Results {
		if r.Decision == d {
			out = append(out, r.Operation)
		}
	}
	return out
}

// Evaluate fills in the results: what the launch's principal, and then the instance,
// may do on the key by these facts.
func (f Finding) Evaluate() Finding {
	f.Results = f.evaluate(f.Facts)
	tags := map[string][]string{}
	f.addTags(tags)
	f.Instance = access.InstanceDecrypts(f.Facts, f.InstanceRole(), tags)
	return f
}

func (f Finding) evaluate(facts access.Facts) []access.Result {
	context := access.LaunchContext(f.Principal, facts.Key.ARN)
	f.addTags(context.Values)
	return access.Evaluate(facts, access.Request{
		Principal: f.Principal, Operations: f.Operations, Context: context,
	})
}

// addTags adds the key's tags to what is known of a request. Tags that were read
// are known; those that are missing stay unknown, and so do those that only
// their case tells apart: IAM's keys don't have it.
func (f Finding) addTags(values map[string][]string) {
	seen := map[string]int{}
	for key := range f.Tags {
		seen[strings.ToLower(key)]++
	}
	for key, value := range f.Tags {
		if lower := strings.ToLower(key); seen[lower] == 1 {
			values["aws:resourcetag/"+lower] = []string{value}
		}
	}
}

// KeyAccount returns the account that owns the key, by its ARN.
func (f Finding) KeyAccount() string { return arn.Account(f.Facts.Key.ARN) }

// keyRegion returns the Region that the key is in, by its ARN.
func (f Finding) keyRegion() string { return arn.Region(f.Facts.Key.ARN) }

// hash is short enough to read out, and long enough not to collide. Each part
// ends by a byte that none of them can contain.
func hash(parts ...string) string {
	const length = 16
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:length]
}

// OwnKey reports whether the key belongs to the group's own account.
func (f Finding) OwnKey() bool { return f.Account != "" && f.KeyAccount() == f.Account }
