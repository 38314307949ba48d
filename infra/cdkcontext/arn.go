package cdkcontext

import "keymend/pkg/arn"

// arns checks that ARNs are of where the stack will be.
// Where that isn't known, they must at least be of the same Region. A key encrypts
// logs only by its ARN, an alarm or a rule reaches only topics of its Region.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/encrypt-log-data-kms.html
func (v *validator) arns() {
	region, of := v.stack.Region, "the stack is in"
	for _, name := range []string{"copyKey", "encryptionKey", "alarmTopic", "actionTopic"} {
		at, ok := arn.Parse(v.text[name])
		if !ok || at.Region == "" {
			continue // empty, an alias, or said already
		}
		if region == "" {
			region, of = at.Region, keyPrefix+name+" is of"
		}
		switch {
		case at.Region != region:
			v.problem(name, "is %q, of Region %s; %s %s", v.text[name], at.Region, of, region)
		case at.Partition != arn.PartitionOf(region):
			v.problem(name, "is %q, of partition %s; Region %s is in %s", v.text[name], at.Partition, region, arn.PartitionOf(region))
		case name == "copyKey" && v.stack.Account != "" && at.Account != v.stack.Account:
			v.problem(name, "is %q, of account %s; copies lie under a key of the stack's account, %s", v.text[name], at.Account, v.stack.Account)
		}
	}
}
