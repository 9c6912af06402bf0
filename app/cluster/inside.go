package cluster

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// places are the kubeconfigs that a box may have, by the name under which they
// are offered. Nobody may name another file.
var places = []struct{ source, path, title string }{
	{"k3s", "/etc/rancher/k3s/k3s.yaml", "k3s on this box"},
	{"rke2", "/etc/rancher/rke2/rke2.yaml", "RKE2 on this box"},
	{"k0s", "/var/lib/k0s/pki/admin.conf", "k0s on this box"},
	{"kubeadm", "/etc/kubernetes/admin.conf", "Kubernetes on this box"},
	{"home", "~/.kube/config", "The kubeconfig of the user that Unity runs as"},
}

// A Offer is a cluster that was found on this box. It is never added by itself.
type Offer struct {
	Source   string    `json:"source" doc:"What to register it by"`
	Title    string    `json:"title"`
	Path     string    `json:"path,omitempty" doc:"The file that was found"`
	Contexts []Context `json:"contexts" nullable:"false"`
	Problem  string    `json:"problem,omitempty" doc:"Why it cannot be used, as a sentence"`
}

var errNoOffer = fault.New(fault.NotFound, "cluster.not_found_here", "There is no such cluster on this box.")

// Offers looks which clusters there are on this box. They are the household's:
// where many share the appliance, they are nobody's to find.
func (s *Service) Offers(t store.Tenant) []Offer {
	all := []Offer{}
	if !s.Household(t.ID) {
		return all
	}
	if c, err := rest.InClusterConfig(); err == nil {
		all = append(all, Offer{
			Source: store.ClusterInside, Title: "The cluster that Unity runs in", Contexts: []Context{{Server: c.Host, Method: "token", Ask: []string{}}},
		})
	}
	for _, p := range places {
		path, there := located(p.path)
		if !there {
			continue
		}
		o := Offer{Source: p.source, Title: p.title, Path: path, Contexts: []Context{}}
		text, err := readOffer(path)
		if err == nil {
			o.Contexts, err = Contexts(text)
		}
		if err != nil {
			o.Contexts, o.Problem = []Context{}, fault.From(err).Msg
			if os.IsPermission(err) {
				o.Problem = "Unity may not read it. Let the user that it runs as read the file, or paste its text."
			}
		}
		all = append(all, o)
	}
	return all
}

func located(path string) (string, bool) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", false
		}
		path = filepath.Join(home, rest)
	}
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular()
}

func readOffer(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // one of places
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxKubeconfig+1))
}

// textOf returns the kubeconfig that a draft means.
func (s *Service) textOf(t store.Tenant, d Draft) ([]byte, error) {
	if d.Source == "" || d.Source == store.ClusterKubeconfig {
		return []byte(d.Kubeconfig), nil
	}
	if s.Household(t.ID) {
		for _, p := range places {
			if path, there := located(p.path); p.source == d.Source && there {
				return readOffer(path)
			}
		}
	}
	return nil, errNoOffer
}

// inside returns the configuration of the appliance's own service account. It is
// the household's: where many share the appliance, it is not theirs to use.
func (s *Service) inside(t store.Tenant) (*rest.Config, error) {
	if !s.Household(t.ID) {
		return nil, errNotInside
	}
	c, err := rest.InClusterConfig()
	if err != nil {
		return nil, errNotInside.Because(err)
	}
	return c, nil
}
