package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// kubeletPort is where every node listens.
const kubeletPort = 10250

// nodeAddress is one that no machine has: the API server refuses to lead anybody
// to loopback addresses, so it reaches nodes through the simulator's socket.
func nodeAddress(i int) string { return fmt.Sprintf("10.64.%d.%d", (i+1)>>8, (i+1)&255) }

// writeEgress writes how the API server reaches nodes, and returns the file's name.
func writeEgress(dir string) (string, error) {
	path := filepath.Join(dir, "egress.json")
	return path, os.WriteFile(path, fmt.Appendf(nil, `{
		"apiVersion": "apiserver.k8s.io/v1beta1", "kind": "EgressSelectorConfiguration",
		"egressSelections": [{"name": "cluster", "connection": {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": %q}}}}]
	}`, networkSocket(dir)), 0o600)
}

// networkSocket is where the simulator connects callers to nodes.
func networkSocket(dir string) string { return filepath.Join(dir, "nodes.sock") }

// nodeKey is under which a request's context has the name of its node.
type nodeKey struct{}

// nodeConn is a connection to a node.
type nodeConn struct {
	net.Conn
	node string
}

// nodeListener accepts the connections to all nodes.
type nodeListener struct {
	conns chan net.Conn
	done  <-chan struct{}
}

func (l *nodeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (*nodeListener) Close() error { return nil }

func (*nodeListener) Addr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(10, 64, 0, 0), Port: kubeletPort}
}

// connectNodes makes a certificate for so many nodes, and takes what calls them.
func (s *sim) connectNodes(ctx context.Context, dir string, count int) error {
	ca, err := readAuthority(filepath.Join(dir, "pki"), "ca")
	if err != nil {
		return err
	}
	names := map[string]string{}
	ips := []net.IP{net.IPv4(127, 0, 0, 1)}
	for i := range count {
		names[net.JoinHostPort(nodeAddress(i), strconv.Itoa(kubeletPort))] = nodeName(i)
		ips = append(ips, net.ParseIP(nodeAddress(i)))
	}
	crt, key, err := ca.issue(filepath.Join(dir, "pki"), "kubelet", "kubelet", "", []string{"localhost"}, ips)
	if err != nil {
		return err
	}
	if s.cert, err = tls.X509KeyPair(crt, key); err != nil {
		return err
	}
	_ = os.Remove(networkSocket(dir)) // of before a wipe
	l, err := net.Listen("unix", networkSocket(dir))
	if err != nil {
		return err
	}
	s.kubelets = &nodeListener{conns: make(chan net.Conn), done: ctx.Done()}
	s.wg.Go(func() { <-ctx.Done(); _ = l.Close() })
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() { s.connect(ctx, c, names) })
		}
	})
	return nil
}

// connect leads a caller to the node that it names, or to whoever else that is.
func (s *sim) connect(ctx context.Context, c net.Conn, names map[string]string) {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		_ = c.Close()
		return
	}
	if node, ok := names[req.RequestURI]; ok {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		select {
		case s.kubelets.conns <- nodeConn{c, node}:
		case <-ctx.Done():
			_ = c.Close()
		}
		return
	}
	defer c.Close()
	to, err := new(net.Dialer).DialContext(ctx, "tcp", req.RequestURI)
	if err != nil {
		_, _ = io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		return
	}
	defer to.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close(); _ = to.Close() })()
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	s.wg.Go(func() { _, _ = io.Copy(to, c); _ = to.Close() })
	_, _ = io.Copy(c, to)
}
