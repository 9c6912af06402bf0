package main

import (
	"errors"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"go.etcd.io/etcd/server/v3/embed"
)

// etcdSocket is where etcd listens: no port to collide on, nothing to reach from elsewhere.
func etcdSocket(dir string) url.URL {
	return url.URL{Scheme: "unix", Path: filepath.Join(dir, "etcd.sock")}
}

// startEtcd runs etcd in this process.
func startEtcd(dir string) (*embed.Etcd, error) {
	cfg := embed.NewConfig()
	cfg.Dir = filepath.Join(dir, "etcd")
	cfg.LogLevel = "error"
	cfg.LogOutputs = []string{filepath.Join(dir, "etcd.log")}
	cfg.UnsafeNoFsync = true
	cfg.TickMs, cfg.ElectionMs = 10, 100 // a lone member waits out one election timeout
	cfg.QuotaBackendBytes = 8 << 30
	client := etcdSocket(dir)
	peer := url.URL{Scheme: "unix", Path: filepath.Join(dir, "peer.sock")}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, err
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case err := <-e.Err():
		return nil, err
	case <-e.Server.StopNotify():
		return nil, errors.New("it stopped")
	}
}

// emulated is what every part needs to be told: one that emulates another
// version waits for ever on resources that the API server does not serve.
func (p *plane) emulated() []string {
	if p.emulate == "" {
		return nil
	}
	return []string{"--emulated-version=" + p.emulate}
}

func (p *plane) apiserverArgs() []string {
	socket := etcdSocket(p.dir)
	args := append(p.emulated(),
		"--etcd-servers="+socket.String(),
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port="+strconv.Itoa(p.port),
		"--endpoint-reconciler-type=none", // endpoints may not hold loopback addresses
		"--tls-cert-file="+p.pki.path("apiserver.crt"), "--tls-private-key-file="+p.pki.path("apiserver.key"),
		"--client-ca-file="+p.pki.path("ca.crt"), "--token-auth-file="+p.pki.path("tokens.csv"),
		"--service-account-key-file="+p.pki.path("sa.key"), "--service-account-signing-key-file="+p.pki.path("sa.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-cluster-ip-range=10.96.0.0/16",
		"--authorization-mode=Node,RBAC", "--allow-privileged=true", "--anonymous-auth=true",
		"--requestheader-client-ca-file="+p.pki.path("front-proxy-ca.crt"), "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+p.pki.path("front-proxy.crt"), "--proxy-client-key-file="+p.pki.path("front-proxy.key"),
		"--kubelet-client-certificate="+p.pki.path("apiserver-kubelet.crt"), "--kubelet-client-key="+p.pki.path("apiserver-kubelet.key"),
		"--kubelet-certificate-authority="+p.pki.path("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--shutdown-delay-duration=0s", "--profiling=false", "--v=1",
		"--max-requests-inflight=800", "--max-mutating-requests-inflight=400")
	if p.gates != "" {
		args = append(args, "--feature-gates="+p.gates)
	}
	if p.runs("sim") {
		args = append(args, "--egress-selector-config-file="+p.egress)
	}
	return append(args, strings.Fields(p.apiserver)...)
}

func (p *plane) controllersArgs() []string {
	args := append(p.emulated(), "--kubeconfig="+p.pki.config("controllers"), "--leader-elect=false", "--secure-port=0",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file="+p.pki.path("sa.key"), "--root-ca-file="+p.pki.path("ca.crt"),
		"--cluster-signing-cert-file="+p.pki.path("ca.crt"), "--cluster-signing-key-file="+p.pki.path("ca.key"),
		"--allocate-node-cidrs=false",
		"--kube-api-qps=500", "--kube-api-burst=1000", "--concurrent-deployment-syncs=10", "--v=1")
	return append(args, strings.Fields(p.controllers)...)
}

func (p *plane) schedulerArgs() []string {
	return append(p.emulated(), "--kubeconfig="+p.pki.config("scheduler"), "--leader-elect=false", "--secure-port=0",
		"--kube-api-qps=500", "--kube-api-burst=1000", "--v=1")
}
