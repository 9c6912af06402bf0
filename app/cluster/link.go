package cluster

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	apiversion "k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/rest"
	"unity.internal/store"
)

// A link is the way to one cluster: the appliance's credential, connections that
// are kept, and which kinds there are. It is made anew when the credential changes.
type link struct {
	tenant store.TenantID
	id     string
	config *rest.Config // has the credential, the guards' Dial and no proxy; copy it before a change
	http   *http.Client // over the same, without a limit of time: ctx is one
	plain  *rest.RESTClient

	mu     sync.Mutex
	served *kinds // nil: not asked yet

	schemas schemas
}

// kinds returns what the cluster serves; it is asked once, and again by relearn.
func (l *link) kinds(ctx context.Context) (kinds, error) {
	l.mu.Lock()
	served := l.served
	l.mu.Unlock()
	if served != nil {
		return *served, nil
	}
	return l.relearn(ctx)
}

// known returns what the cluster served when it was asked last.
func (l *link) known() []Kind {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.served == nil {
		return nil
	}
	return l.served.all
}

// kind returns the kind called name.
func (l *link) kind(ctx context.Context, name string) (Kind, error) {
	all, err := l.kinds(ctx)
	if err != nil {
		return Kind{}, err
	}
	return all.named(name)
}

// get starts a request for one object, or for all of a kind. The caller chooses
// what it accepts.
func (l *link) get(k Kind, namespace, name string) *rest.Request {
	return l.plain.Get().AbsPath(k.path(namespace, name)...)
}

// builtin reports whether a group is Kubernetes' own.
func builtin(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") && owned[group]
}

// owned are the groups of Kubernetes' own API server below k8s.io; others there
// are extensions: metrics, gateways, snapshots.
var owned = map[string]bool{
	"admissionregistration.k8s.io": true, "apiextensions.k8s.io": true, "apiregistration.k8s.io": true, "authentication.k8s.io": true,
	"authorization.k8s.io": true, "certificates.k8s.io": true, "coordination.k8s.io": true, "discovery.k8s.io": true, "events.k8s.io": true,
	"flowcontrol.apiserver.k8s.io": true, "internal.apiserver.k8s.io": true, "networking.k8s.io": true, "node.k8s.io": true,
	"rbac.authorization.k8s.io": true, "resource.k8s.io": true, "scheduling.k8s.io": true, "storage.k8s.io": true, "storagemigration.k8s.io": true,
}

// version asks the cluster which Kubernetes it is: the cheapest question that
// needs the credential on most clusters.
func (l *link) version(ctx context.Context) (string, error) {
	text, err := l.plain.Get().AbsPath("version").Do(ctx).Raw()
	if err != nil {
		return "", reason(err)
	}
	var v apiversion.Info
	if err := json.Unmarshal(text, &v); err != nil {
		return "", ErrUnreachable.Because(err)
	}
	return v.GitVersion, nil
}

// platform tells what a cluster was made with, as far as its version says.
func platform(version string) string {
	for _, p := range []struct{ mark, name string }{
		{"+k3s", "k3s"}, {"+rke2", "rke2"}, {"-gke", "GKE"}, {"-eks", "EKS"}, {"-aks", "AKS"}, {"+k0s", "k0s"}, {"-vke", "VKE"},
	} {
		if strings.Contains(version, p.mark) {
			return p.name
		}
	}
	return ""
}
