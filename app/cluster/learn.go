package cluster

import (
	"context"
	"encoding/json"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// What a cluster serves is asked in two calls, as API servers answer since 1.27.
// client-go's own discovery would do, but it brings every type of every group
// and a parser of OpenAPI: a tenth of the binary.
const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

// serving is what a group of resources looks like in that answer. The preferred
// version of a group comes first.
type serving struct {
	Kind  string `json:"kind"`
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Versions []struct {
			Version   string `json:"version"`
			Resources []struct {
				Resource     string                  `json:"resource"`
				ResponseKind metav1.GroupVersionKind `json:"responseKind"`
				Scope        string                  `json:"scope"`
				Verbs        []string                `json:"verbs"`
				ShortNames   []string                `json:"shortNames"`
			} `json:"resources"`
		} `json:"versions"`
	} `json:"items"`
	Groups   []metav1.APIGroup `json:"groups"`   // of a server that does not aggregate
	Versions []string          `json:"versions"` // of the core group there
}

// relearn asks the cluster which kinds it serves. Groups that do not answer,
// because what extends the API there is down, are left out.
func (l *link) relearn(ctx context.Context) (kinds, error) {
	best := map[string]Kind{}
	add := func(k Kind) {
		if _, there := best[k.Name]; !there && k.can("list") && k.can("get") {
			best[k.Name] = k
		}
	}
	for _, path := range []string{"api", "apis"} {
		if err := l.learn(ctx, path, add); err != nil {
			return kinds{}, err
		}
	}
	all := make([]Kind, 0, len(best))
	for _, k := range best {
		all = append(all, k)
	}
	served := newKinds(all)
	l.mu.Lock()
	l.served = &served
	l.mu.Unlock()
	return served, nil
}

func (l *link) learn(ctx context.Context, path string, add func(Kind)) error {
	text, err := l.plain.Get().AbsPath(path).SetHeader("Accept", aggregated).Do(ctx).Raw()
	if err != nil {
		return reason(err)
	}
	var s serving
	if err := json.Unmarshal(text, &s); err != nil {
		return ErrUnreachable.Because(err)
	}
	for _, g := range s.Items {
		for _, v := range g.Versions {
			for _, r := range v.Resources {
				add(kindOf(g.Metadata.Name, v.Version, metav1.APIResource{
					Name: r.Resource, Kind: r.ResponseKind.Kind, Namespaced: r.Scope == "Namespaced", Verbs: r.Verbs, ShortNames: r.ShortNames,
				}))
			}
		}
	}
	for _, v := range s.Versions {
		l.learnVersion(ctx, schema.GroupVersion{Version: v}, add)
	}
	for _, g := range s.Groups {
		l.learnVersion(ctx, schema.GroupVersion{Group: g.Name, Version: g.PreferredVersion.Version}, add)
		for _, v := range g.Versions {
			if v.Version != g.PreferredVersion.Version {
				l.learnVersion(ctx, schema.GroupVersion{Group: g.Name, Version: v.Version}, add)
			}
		}
	}
	return nil
}

// learnVersion asks a server that does not aggregate for one version of a group.
func (l *link) learnVersion(ctx context.Context, gv schema.GroupVersion, add func(Kind)) {
	at := Kind{Group: gv.Group, Version: gv.Version}
	text, err := l.plain.Get().AbsPath(at.path("", "")...).Do(ctx).Raw()
	var list metav1.APIResourceList
	if err != nil || json.Unmarshal(text, &list) != nil {
		return // an extension that is down takes nothing else with it
	}
	for _, r := range list.APIResources {
		if !strings.Contains(r.Name, "/") {
			add(kindOf(gv.Group, gv.Version, r))
		}
	}
}

func kindOf(group, version string, r metav1.APIResource) Kind {
	return Kind{
		Name: kindName(r.Name, group), Group: group, Version: version, Resource: r.Name, Kind: r.Kind,
		Namespaced: r.Namespaced, Custom: !builtin(group), Verbs: append([]string{}, r.Verbs...), Short: append([]string{}, r.ShortNames...),
	}
}
