package ec2

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// overlay sets those fields of base that over has.
func overlay[T any](base *T, over T) {
	to, from := reflect.ValueOf(base).Elem(), reflect.ValueOf(over)
	for i := range from.NumField() {
		if to.Field(i).CanSet() && !from.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
		}
	}
}

// convert makes one SDK type of another with the same fields: the SDK has twins
// of launch template data and block devices for requests, answers and launches.
func convert[To any](from any) To {
	var to To
	raw, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(raw, &to)
	}
	if err != nil {
		panic(fmt.Sprintf("convert %T to %T: %v", from, to, err)) // the types are the SDK's own, and hold nothing that JSON can't
	}
	return to
}
