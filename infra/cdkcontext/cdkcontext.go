// Package cdkcontext reads Keymend's settings from the CDK's context, and says
// everything that is wrong with them before anything is synthesised.
//
// It depends on nothing but the standard library and the settings.
package cdkcontext

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// keyPrefix begins every context key of Keymend's.
const keyPrefix = "keymend:"

// Read returns the context: as the CDK's CLI hands it to an app, or else that of
// cdk.json in the working directory. Values of Keymend's are as they are written,
// by key without "keymend:"; keys of others are left out.
//
// The CLI hands over a context too long for the environment in a file:
// https://docs.aws.amazon.com/cdk/v2/guide/context.html
func Read(getenv func(string) string, readFile func(string) ([]byte, error)) (map[string]any, error) {
	all := map[string]any{}
	if given := getenv("CDK_CONTEXT_JSON"); given != "" {
		if err := json.Unmarshal([]byte(given), &all); err != nil {
			return nil, fmt.Errorf("read CDK_CONTEXT_JSON: %w", err)
		}
		if file := getenv("CDK_CONTEXT_OVERFLOW"); file != "" {
			more := map[string]any{}
			if err := readJSON(readFile, file, &more); err != nil {
				return nil, err
			}
			maps.Copy(all, more)
		}
		return ours(all), nil
	}
	project := struct{ Context map[string]any }{}
	if err := readJSON(readFile, "cdk.json", &project); err != nil {
		return nil, fmt.Errorf("%w; run this where cdk.json is", err)
	}
	return ours(project.Context), nil
}

func readJSON(readFile func(string) ([]byte, error), name string, into any) error {
	text, err := readFile(name)
	if err != nil {
		return fmt.Errorf("read the CDK's context: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read the CDK's context from %s: %w", name, err)
	}
	return nil
}

func ours(all map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range all {
		if key, ok := strings.CutPrefix(name, keyPrefix); ok {
			out[key] = value
		}
	}
	return out
}
