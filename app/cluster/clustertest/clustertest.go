// Package clustertest gives tests a real Kubernetes: the control plane in
// kubetest, which `make helpers` builds, with simulated nodes. Claims without a
// class, or of the class sim, get a volume at once. metrics.k8s.io is served.
//
// Annotations say what happens, from the start or later.
//
//	pods      sim.test/phase Succeeded, Failed, Pending; crash "true"; waiting REASON; restarts N; ready "false"
//	nodes     sim.test/pressure "memory,disk,pid"; ready "false"; the label sim.test/dead "true" ends heartbeats
//	both      sim.test/cpu "250m"; memory "64Mi": what metrics say of a node or of each container
//	volumes   sim.test/volume-used "0.95" of a pod: how full the kubelet says that its claims are
//	logs      sim.test/log-rate lines a second (1); log-past lines that were there at the start (10); log-previous
//	          lines of the container before (10); log-size bytes of a line; log-text what each says besides
//	exec      sim.test/shells "sh bash": which there are
//
// A line of a log is "NAMESPACE/POD[CONTAINER] line N", counted from 0 without a
// gap. A shell knows echo, err, hostname, size, lines N, sleep N, cat, exit N,
// and says each new size of its terminal. At port 8080, and at the ports of its
// containers, a pod serves a page at /, /redirect?to=, /bytes/N, /stream (events),
// /socket (a WebSocket that echoes), and tells as JSON what else it is asked.
package clustertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"unity.internal/app/builttest"
)

// ViewerName is the user that Viewer signs in: whoever wants it to have rights binds them to it.
const ViewerName = "token-viewer"

// A Plane is a running control plane.
type Plane struct {
	// Server is the address of its API server, and CA the certificate of who vouches for it.
	Server, CA string
	// Token is that of an administrator, and ViewerToken that of Viewer.
	Token, ViewerToken string

	kubeconfig string
	config     *rest.Config
	client     *kubernetes.Clientset
	stdin      io.WriteCloser
	stdout     *json.Decoder
	stderr     tail
	wait       func() error
}

// Start starts a control plane, and ends it with the test. args go to the
// program: "-nodes", "5", or "-emulate", "1.34", or "-pods", "10000".
func Start(tb testing.TB, args ...string) *Plane {
	tb.Helper()
	p, err := start(builttest.Path(tb, "app/cluster/kubetest"), args...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.stop)
	return p
}

var shared struct {
	once  sync.Once
	plane *Plane
	err   error
}

// Shared returns the plane of this process, which ends with it, however that
// ends. It has three nodes; each test has a namespace of its own.
func Shared(tb testing.TB) *Plane {
	tb.Helper()
	program := builttest.Path(tb, "app/cluster/kubetest")
	shared.once.Do(func() { shared.plane, shared.err = start(program) })
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.plane
}

func start(program string, args ...string) (*Plane, error) {
	cmd := exec.Command(program, append([]string{"up", "-attached"}, args...)...) //nolint:gosec,noctx // it is our own, and ends with its standard input
	p := &Plane{wait: cmd.Wait}
	cmd.Stderr = &p.stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.stdout = json.NewDecoder(bufio.NewReader(stdout))
	if err := p.ready(); err != nil {
		p.stop()
		return nil, err
	}
	if p.config, err = clientcmd.RESTConfigFromKubeConfig([]byte(p.kubeconfig)); err != nil {
		p.stop()
		return nil, err
	}
	p.config.QPS = -1 // no limit of the client's own
	if p.client, err = kubernetes.NewForConfig(p.config); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// ready waits until the program says that it serves.
func (p *Plane) ready() error {
	var said struct{ Server, CA, Token, Viewer, Kubeconfig string }
	if err := p.stdout.Decode(&said); err != nil {
		_ = p.stdin.Close()
		_ = p.wait()
		p.wait = func() error { return nil }
		return fmt.Errorf("the control plane did not start: %w\n%s", err, p.stderr.String())
	}
	p.Server, p.CA, p.Token, p.ViewerToken, p.kubeconfig = said.Server, said.CA, said.Token, said.Viewer, said.Kubeconfig
	return nil
}

func (p *Plane) stop() {
	_ = p.stdin.Close()
	_ = p.wait() // what it says is what it was told
}

// Wipe empties etcd and starts everything anew at the same address, with the
// same credentials: versions of objects start again. It is not for Shared.
func (p *Plane) Wipe(tb testing.TB) {
	tb.Helper()
	if _, err := io.WriteString(p.stdin, "wipe\n"); err != nil {
		tb.Fatal(err)
	}
	if err := p.ready(); err != nil {
		tb.Fatal(err)
	}
}

// Kubeconfig returns that of an administrator, with a client certificate.
func (p *Plane) Kubeconfig() string { return p.kubeconfig }

// Viewer returns the kubeconfig of somebody who may do nothing yet, with a token.
func (p *Plane) Viewer() string { return kubeconfig(p.Server, p.CA, p.ViewerToken) }

// Config returns how a client reaches it as the administrator.
func (p *Plane) Config() *rest.Config { return rest.CopyConfig(p.config) }

// Client returns a typed client of the administrator, without a limit.
func (p *Plane) Client() *kubernetes.Clientset { return p.client }

var odd = regexp.MustCompile(`[^a-z0-9]+`)

// Namespace makes a namespace for a test, and returns its name. Its end is not
// waited for, since that takes seconds.
func (p *Plane) Namespace(tb testing.TB) string {
	tb.Helper()
	name := odd.ReplaceAllString(strings.ToLower(tb.Name()), "-")
	made, err := p.client.CoreV1().Namespaces().Create(tb.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: name[:min(len(name), 40)] + "-"},
	}, metav1.CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = p.client.CoreV1().Namespaces().Delete(context.WithoutCancel(tb.Context()), made.Name, metav1.DeleteOptions{})
	})
	return made.Name
}

// kubeconfig returns one that signs in with a token. Without an authority the
// server is a plain one.
func kubeconfig(server, ca, token string) string {
	cluster := fmt.Sprintf("server: %q", server)
	if ca != "" {
		cluster += ", certificate-authority-data: " + base64.StdEncoding.EncodeToString([]byte(ca))
	}
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: test
  cluster: {%s}
users:
- name: test
  user: {token: %q}
contexts:
- name: test
  context: {cluster: test, user: test}
current-context: test
`, cluster, token)
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(b)
	t.buf.Next(max(0, t.buf.Len()-16<<10))
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}
