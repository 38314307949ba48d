package sandbox

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// Listen serves every service, and the control API, at addr ("127.0.0.1:0" for
// any free port). It returns the endpoint's URL.
func (s *Sandbox) Listen(addr string) (string, error) {
	return s.listen(addr, http.HandlerFunc(s.route), &s.servers)
}

// ListenFunctions serves the services at an endpoint of their own for the
// processes of functions, so that it can be closed alone. It must be there
// before Deploy.
func (s *Sandbox) ListenFunctions(addr string) (string, error) {
	url, err := s.listen(addr, http.HandlerFunc(s.ofFunctions), &s.functionServers)
	if err != nil {
		return "", err
	}
	s.lambda.SetEndpoint(url)
	return url, nil
}

// CloseFunctions closes the functions' endpoint: from then on functions reach
// nothing, as if the network were down.
func (s *Sandbox) CloseFunctions() error { return s.closeServers(&s.functionServers) }

func (s *Sandbox) route(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPath) {
		s.control(w, r)
		return
	}
	s.api.ServeHTTP(w, r)
}

func (s *Sandbox) listen(addr string, h http.Handler, servers *[]*http.Server) (string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("listen on %s: %w", addr, err)
	}
	// Clients drop idle connections after 90 seconds; were it the server that does,
	// a call could meet one that is just being closed.
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, IdleTimeout: time.Hour}
	s.mu.Lock()
	*servers = append(*servers, server)
	s.mu.Unlock()
	go func() { _ = server.Serve(l) }() // returns once closed
	return "http://" + l.Addr().String(), nil
}

func (s *Sandbox) closeServers(servers *[]*http.Server) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, server := range *servers {
		errs = append(errs, server.Close())
	}
	*servers = nil
	return errors.Join(errs...)
}
