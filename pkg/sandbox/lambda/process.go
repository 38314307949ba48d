package lambda

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// A process is one execution environment of a function. It takes one
// invocation at a time and starts anew after a crash or a timeout.
type process struct {
	service  *Service
	function Function

	invoking sync.Mutex // held during an invocation

	mu      sync.Mutex
	running *running
}

// running is a process that was started.
type running struct {
	command *exec.Cmd
	server  *http.Server
	output  *output
	api     *runtimeAPI
	exited  chan struct{}
	failure error // how it ended; read after exited is closed
}

// start returns the running process, and starts one where there is none.
func (p *process) start() (*running, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		return p.running, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the runtime API: %w", err)
	}
	env, err := p.environment(listener.Addr().String())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	out, err := newOutput(p.log)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	r := &running{output: out, exited: make(chan struct{})}
	r.api = newRuntimeAPI(p.function, r.output.drain)
	r.server = &http.Server{Handler: r.api.handler(), ReadHeaderTimeout: time.Minute}
	r.command = exec.Command(p.function.Binary) //nolint:gosec // the sandbox runs what its user built
	r.command.Env = env
	r.command.Stdout, r.command.Stderr = out.writer, out.writer
	ownGroup(r.command)
	if err := r.command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start function %s: %w", p.function.Name, err), listener.Close(), out.close())
	}
	go func() { _ = r.server.Serve(listener) }()
	go r.wait()
	p.running = r
	return r, nil
}

func (r *running) wait() {
	r.failure = r.command.Wait()
	close(r.exited)
}

// stop ends the process and all that it started.
func (p *process) stop() {
	p.mu.Lock()
	r := p.running
	p.running = nil
	p.mu.Unlock()
	if r == nil {
		return
	}
	killGroup(r.command)
	<-r.exited
	_ = r.server.Close()
	r.output.drain()
	_ = r.output.close()
}

// environment is what Lambda gives a function, and of this machine only what a
// process can't do without.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (p *process) environment(runtimeAPI string) ([]string, error) {
	f := p.function
	key, secret, token, err := p.service.roles.Credentials(f.RoleARN, f.Name, f.ARN())
	if err != nil {
		return nil, fmt.Errorf("credentials of function %s: %w", f.Name, err)
	}
	p.service.mu.Lock()
	endpoint := p.service.endpoint
	p.service.mu.Unlock()
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI, "AWS_LAMBDA_FUNCTION_NAME=" + f.Name, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(f.MemoryMB), "AWS_LAMBDA_LOG_GROUP_NAME=" + f.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + p.stream(), "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "_HANDLER=bootstrap",
		"AWS_REGION=" + f.Region, "AWS_DEFAULT_REGION=" + f.Region, "AWS_ENDPOINT_URL=" + endpoint, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + key, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_SESSION_TOKEN=" + token,
		"_X_AMZN_TRACE_ID=Root=1-" + strconv.FormatInt(time.Now().Unix(), 16) + "-000000000000000000000000;Sampled=0",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "TZ=:UTC",
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	for name, v := range f.Env {
		env = append(env, name+"="+v)
	}
	return env, nil
}
