package cdkcontext

import (
	"regexp"
	"strings"
)

// partitionOf returns a Region's partition.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// arns checks the ARNs: their form, and that they are of where the stack will be.
// Where that isn't known, they must at least be of the same Region. A key encrypts
// logs only by its ARN, an alarm or a rule reaches only topics of its Region.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/encrypt-log-data-kms.html
func (v *validator) arns() {
	v.matches("encryptionKey", `(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+)?`, "empty, or the ARN of a KMS key (not of an alias)")
	v.matches("alarmTopic", `(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]+)?`, "empty, or the ARN of an SNS topic that isn't FIFO")
	wellFormed := regexp.MustCompile(`^arn:aws[a-z-]*:(kms|sns):[a-z0-9-]+:[0-9]{12}:.+$`)
	region, of := v.stack.Region, "the stack is in"
	for _, name := range []string{"copyKey", "encryptionKey", "alarmTopic", "actionTopic"} {
		if !wellFormed.MatchString(v.text[name]) {
			continue // empty, an alias, or said already
		}
		part := strings.SplitN(v.text[name], ":", 6)
		if region == "" {
			region, of = part[3], keyPrefix+name+" is of"
		}
		switch {
		case part[3] != region:
			v.problem(name, "is %q, of Region %s; %s %s", v.text[name], part[3], of, region)
		case part[1] != partitionOf(region):
			v.problem(name, "is %q, of partition %s; Region %s is in %s", v.text[name], part[1], region, partitionOf(region))
		case name == "copyKey" && v.stack.Account != "" && part[4] != v.stack.Account:
			v.problem(name, "is %q, of account %s; copies lie under a key of the stack's account, %s", v.text[name], part[4], v.stack.Account)
		}
	}
}
