package wiring

import (
	"fmt"
	"runtime/debug"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// lambdaConfig is by what Lambda gives a function: Region and credentials in its
// environment. The SDK's default chain would look further, in files, at other services
// and at the network, and link the clients for that (a megabyte).
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func lambdaConfig() (aws.Config, error) {
	env, err := config.NewEnvConfig()
	if err != nil {
		return aws.Config{}, fmt.Errorf("load AWS configuration from the environment: %w", err)
	}
	cfg := aws.Config{
		Region: env.Region, Credentials: credentials.StaticCredentialsProvider{Value: env.Credentials},
		RetryMode: env.RetryMode, RetryMaxAttempts: env.RetryMaxAttempts, ConfigSources: []any{env},
	}
	if env.BaseEndpoint != "" {
		cfg.BaseEndpoint = &env.BaseEndpoint
	}
	return cfg, nil
}

// useMemory has garbage collected less often than Go does by itself, for processor time:
// a function has its 256 MB whether it uses them or not. It stays far below.
func useMemory() {
	const most = 80 << 20 // bytes that Go uses; near them garbage is collected as often as it must
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(most)
}
