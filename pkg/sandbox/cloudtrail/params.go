package cloudtrail

import (
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"keymend/pkg/sandbox/wire"
)

// describe fills in what was asked and answered. Reads show no answer.
func (r *record) describe(c wire.Call) {
	r.RequestParameters = parameters(c)
	if c.Err == nil && !r.ReadOnly {
		r.ResponseElements = answer(c)
	}
	if c.Service == "kms" {
		r.describeKMS(c)
	}
}

// describeKMS: KMS's records differ from the rule in some members.
// https://docs.aws.amazon.com/kms/latest/developerguide/understanding-kms-entries.html
//
// Of a call that was refused for want of access, "requestParameters" is null in
// AWS's examples.
func (r *record) describeKMS(c wire.Call) {
	if r.ErrorCode == "AccessDenied" {
		r.RequestParameters = nil
	}
	p, ok := r.RequestParameters.(map[string]any)
	if !ok {
		return
	}
	switch c.Operation {
	case "PutKeyPolicy":
		if p["policyName"] == nil {
			p["policyName"] = "default"
		}
	case "RetireGrant":
		r.AdditionalData = map[string]any{"grantId": p["grantId"]}
		r.RequestParameters = nil
	case "CreateGrant":
		if e, ok := r.ResponseElements.(map[string]any); ok {
			delete(e, "grantToken") // a credential
			if len(c.Resources) > 0 {
				e["keyId"] = c.Resources[0]
			}
		}
	case "Encrypt", "Decrypt":
		delete(p, "plaintext")
		delete(p, "ciphertextBlob")
	}
}

// parameters is requestParameters: API members with their first letter in
// lower case. EC2's newer calls keep AWS's spelling under the request's name.
func parameters(c wire.Call) any {
	if c.Params != nil {
		return c.Params
	}
	if c.In == nil {
		return nil
	}
	if pascal(c) {
		return map[string]any{c.Operation + "Request": plain(reflect.ValueOf(c.In), func(s string) string { return s })}
	}
	return plain(reflect.ValueOf(c.In), lowerFirst)
}

// pascal: launch templates and EBS's account settings came late to EC2, and
// are shown as they travel.
func pascal(c wire.Call) bool {
	return c.Service == "ec2" && (strings.Contains(c.Operation, "LaunchTemplate") || strings.Contains(c.Operation, "EbsDefaultKmsKey") ||
		strings.Contains(c.Operation, "EbsEncryptionByDefault") || strings.Contains(c.Operation, "Fleet"))
}

// answer is responseElements; null where the output has no members.
func answer(c wire.Call) any {
	if c.Out == nil {
		return nil
	}
	m, _ := plain(reflect.ValueOf(c.Out), lowerFirst).(map[string]any)
	if len(m) == 0 {
		return nil
	}
	if pascal(c) {
		return map[string]any{c.Operation + "Response": m}
	}
	return m
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// plain turns an SDK value into what JSON shows: members that were given, by
// their spelling. Booleans that are not pointers are shown also when false.
func plain(v reflect.Value, spell func(string) string) any {
	if t, ok := v.Interface().(time.Time); ok {
		return t.UTC().Format("Jan 2, 2006, 3:04:05 PM")
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem(), spell)
	case reflect.Struct:
		return members(v, spell)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Bytes()
		}
		out := make([]any, 0, v.Len())
		for i := range v.Len() {
			out = append(out, plain(v.Index(i), spell))
		}
		return out
	case reflect.Map:
		out := map[string]any{}
		for _, k := range v.MapKeys() {
			out[k.String()] = plain(v.MapIndex(k), spell)
		}
		return out
	}
	return v.Interface()
}

func members(v reflect.Value, spell func(string) string) map[string]any {
	out := map[string]any{}
	for i := range v.NumField() {
		f, m := v.Type().Field(i), v.Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" || m.IsZero() && m.Kind() != reflect.Bool {
			continue
		}
		out[spell(f.Name)] = plain(m, spell)
	}
	return out
}
