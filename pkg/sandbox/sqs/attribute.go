package sqs

import (
	"crypto/md5" //nolint:gosec // SQS's own checksum, not a protection
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// asked returns the message attributes that a receive names: by name, "All",
// ".*" or a prefix and ".*".
func asked(all map[string]types.MessageAttributeValue, names []string) map[string]types.MessageAttributeValue {
	out := map[string]types.MessageAttributeValue{}
	for name, v := range all {
		if slices.ContainsFunc(names, func(n string) bool {
			prefix, wild := strings.CutSuffix(n, ".*")
			return n == "All" || n == name || wild && strings.HasPrefix(name, prefix)
		}) {
			out[name] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// attributesSum is the checksum that clients hold MD5OfMessageAttributes
// against; nil without attributes.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
func attributesSum(all map[string]types.MessageAttributeValue) *string {
	if len(all) == 0 {
		return nil
	}
	var b []byte
	add := func(s string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s))) //nolint:gosec // far below the limit
		b = append(b, s...)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		v := all[name]
		add(name)
		add(aws.ToString(v.DataType))
		if v.StringValue != nil {
			b = append(b, 1)
			add(*v.StringValue)
		} else {
			b = append(b, 2)
			add(string(v.BinaryValue))
		}
	}
	digest := md5.Sum(b) //nolint:gosec // see the import
	return new(hex.EncodeToString(digest[:]))
}
