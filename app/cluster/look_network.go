package cluster

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// A ServiceBlock is what a service does.
type ServiceBlock struct {
	Type      string         `json:"type"`
	IPs       []string       `json:"ips" nullable:"false"`
	External  []string       `json:"external" nullable:"false" doc:"Addresses outside of the cluster"`
	Ports     []PortLine     `json:"ports" nullable:"false"`
	Endpoints []EndpointLine `json:"endpoints" nullable:"false"`
	Ready     int            `json:"ready" doc:"Endpoints that get requests"`
	NotReady  int            `json:"not_ready"`
}

// A PortLine is one port of a service.
type PortLine struct {
	Name     string `json:"name,omitempty"`
	Port     int32  `json:"port"`
	Protocol string `json:"protocol"`
	Target   string `json:"target" doc:"A port of the pods, or its name"`
	NodePort int32  `json:"node_port,omitempty"`
}

// An EndpointLine is one address behind a service.
type EndpointLine struct {
	Address string `json:"address"`
	Ready   bool   `json:"ready"`
	Node    string `json:"node,omitempty"`
	Target  *Ref   `json:"target,omitempty"`
}

// maxEndpoints bounds how many endpoints are listed; all are counted.
const maxEndpoints = 200

// An endpointSlice is what is read of one.
type endpointSlice struct {
	Endpoints []struct {
		Addresses  []string `json:"addresses"`
		Conditions struct {
			Ready *bool `json:"ready"`
		} `json:"conditions"`
		Node   string                  `json:"nodeName"`
		Target *corev1.ObjectReference `json:"targetRef"`
	} `json:"endpoints"`
}

func lookService(ctx context.Context, v *viewer) error {
	s, err := decode[corev1.Service](v.raw)
	if err != nil {
		return err
	}
	b := &ServiceBlock{Type: string(s.Spec.Type), IPs: s.Spec.ClusterIPs, External: append([]string{}, s.Spec.ExternalIPs...), Ports: []PortLine{}, Endpoints: []EndpointLine{}}
	if b.IPs == nil {
		b.IPs = []string{}
	}
	for _, in := range s.Status.LoadBalancer.Ingress {
		b.External = append(b.External, in.IP+in.Hostname)
	}
	for _, p := range s.Spec.Ports {
		b.Ports = append(b.Ports, PortLine{p.Name, p.Port, string(p.Protocol), p.TargetPort.String(), p.NodePort})
	}
	v.out.Service = b
	v.fact("Type", b.Type)
	v.fact("Addresses", strings.Join(b.IPs, ", "))
	v.fact("External addresses", strings.Join(b.External, ", "))
	if s.Spec.Type == corev1.ServiceTypeLoadBalancer && len(s.Status.LoadBalancer.Ingress) == 0 {
		v.bad("Load balancer", "It has no address yet")
	}
	v.fact("External name", s.Spec.ExternalName)
	v.fact("Selector", pairs(s.Spec.Selector))
	v.fact("Session affinity", string(s.Spec.SessionAffinity))
	v.fact("External traffic", string(s.Spec.ExternalTrafficPolicy))
	if s.Spec.Type != corev1.ServiceTypeExternalName {
		v.endpoints(ctx, s)
	}
	return nil
}

// endpoints says who answers for a service.
func (v *viewer) endpoints(ctx context.Context, s corev1.Service) {
	slices, err := listOf[endpointSlice](ctx, v, "endpointslices.discovery.k8s.io", s.Namespace, "kubernetes.io/service-name="+s.Name, "")
	if err != nil {
		v.beside("Endpoints", err)
		return
	}
	b := v.out.Service
	for _, slice := range slices {
		for _, e := range slice.Endpoints {
			ready := or(e.Conditions.Ready, true)
			if ready {
				b.Ready++
			} else {
				b.NotReady++
			}
			if len(b.Endpoints) < maxEndpoints {
				b.Endpoints = append(b.Endpoints, EndpointLine{strings.Join(e.Addresses, ", "), ready, e.Node, target(e.Target)})
			}
		}
	}
	text := fmt.Sprintf("%d ready, %d not ready", b.Ready, b.NotReady)
	if b.Ready == 0 {
		v.bad("Endpoints", text)
		return
	}
	v.fact("Endpoints", text)
}

// target returns the pod behind an endpoint, if it is one.
func target(r *corev1.ObjectReference) *Ref {
	if r == nil || r.Kind != "Pod" {
		return nil
	}
	return &Ref{Kind: "pods", Namespace: r.Namespace, Name: r.Name}
}

// A RouteLine is where requests for a host and a path go.
type RouteLine struct {
	Host   string     `json:"host" doc:"* is any"`
	Path   string     `json:"path"`
	Match  string     `json:"match" doc:"Prefix, Exact …"`
	To     Ref        `json:"to"`
	Port   string     `json:"port"`
	TLS    *Ref       `json:"tls,omitempty" doc:"The Secret with the certificate"`
	Ends   *time.Time `json:"certificate_ends" nullable:"true"`
	Weight int32      `json:"weight,omitempty"`
}

func lookIngress(ctx context.Context, v *viewer) error {
	in, err := decode[networkingv1.Ingress](v.raw)
	if err != nil {
		return err
	}
	v.other("Class", "ingressclasses.networking.k8s.io", "", or(in.Spec.IngressClassName, ""))
	addresses := make([]string, 0, len(in.Status.LoadBalancer.Ingress))
	for _, a := range in.Status.LoadBalancer.Ingress {
		addresses = append(addresses, a.IP+a.Hostname)
	}
	if len(addresses) == 0 {
		v.bad("Addresses", "None: no controller serves it yet")
	}
	v.fact("Addresses", strings.Join(addresses, ", "))
	if in.Spec.DefaultBackend != nil {
		v.route("*", "", "default", *in.Spec.DefaultBackend)
	}
	for _, rule := range in.Spec.Rules {
		host := rule.Host
		if host == "" {
			host = "*"
		}
		if rule.HTTP == nil {
			continue
		}
		for _, p := range rule.HTTP.Paths {
			v.route(host, p.Path, string(or(p.PathType, "")), p.Backend)
		}
	}
	v.certificates(ctx, in)
	return nil
}

// route adds a line of an ingress.
func (v *viewer) route(host, path, match string, to networkingv1.IngressBackend) {
	line := RouteLine{Host: host, Path: path, Match: match}
	switch {
	case to.Service != nil:
		line.To, line.Port = Ref{Kind: "services", Namespace: v.ref.Namespace, Name: to.Service.Name}, to.Service.Port.Name
		if line.Port == "" {
			line.Port = strconv.Itoa(int(to.Service.Port.Number))
		}
	case to.Resource != nil:
		k, err := v.kinds.of(or(to.Resource.APIGroup, ""), to.Resource.Kind)
		if err != nil {
			k.Name = to.Resource.Kind
		}
		line.To = Ref{Kind: k.Name, Namespace: v.ref.Namespace, Name: to.Resource.Name}
	}
	v.out.Routes = append(v.out.Routes, line)
}

// maxTLS bounds of how many certificates the end is read.
const maxTLS = 10

// certificates says which certificate answers for which route, and until when.
func (v *viewer) certificates(ctx context.Context, in networkingv1.Ingress) {
	all := in.Spec.TLS[:min(len(in.Spec.TLS), maxTLS)]
	found, errs := make([]*CertificateBlock, len(all)), make([]error, len(all))
	var g errgroup.Group
	for i, t := range all {
		g.Go(func() error {
			found[i], errs[i] = v.certificateIn(ctx, t.SecretName)
			return nil
		})
	}
	_ = g.Wait() // each keeps its own
	for i, t := range all {
		if t.SecretName == "" {
			continue
		}
		v.beside("Certificate in "+t.SecretName, errs[i])
		for j := range v.out.Routes {
			r := &v.out.Routes[j]
			if r.TLS != nil || !covers(t.Hosts, r.Host) {
				continue
			}
			r.TLS = &Ref{Kind: "secrets", Namespace: v.ref.Namespace, Name: t.SecretName}
			if found[i] != nil {
				r.Ends = &found[i].Ends
			}
		}
	}
}

// covers reports whether a list of hosts has one that fits; none is any.
func covers(hosts []string, host string) bool {
	if len(hosts) == 0 {
		return true
	}
	for _, h := range hosts {
		if h == host {
			return true
		}
		if wild, ok := strings.CutPrefix(h, "*."); ok {
			if _, rest, cut := strings.Cut(host, "."); cut && rest == wild {
				return true
			}
		}
	}
	return false
}

// An httpRoute is what is read of one.
type httpRoute struct {
	Spec struct {
		Hostnames  []string    `json:"hostnames"`
		ParentRefs []parentRef `json:"parentRefs"`
		Rules      []struct {
			Matches []struct {
				Path struct{ Type, Value string } `json:"path"`
			} `json:"matches"`
			BackendRefs []struct {
				parentRef
				Port   int32 `json:"port"`
				Weight int32 `json:"weight"`
			} `json:"backendRefs"`
		} `json:"rules"`
	} `json:"spec"`
}

// A parentRef names an object as the Gateway API does.
type parentRef struct {
	Group     *string `json:"group"`
	Kind      string  `json:"kind"`
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
}

// ref returns the object, of a kind that is meant where none is named.
func (p parentRef) ref(k kinds, namespace, group, kind string) Ref {
	r := Ref{Kind: p.Kind, Namespace: p.Namespace, Name: p.Name}
	if r.Namespace == "" {
		r.Namespace = namespace
	}
	if p.Kind != "" {
		kind, group = p.Kind, or(p.Group, group)
	}
	r.Kind = kind
	if v, err := k.of(group, kind); err == nil {
		r.Kind = v.Name
	}
	return r
}

func lookHTTPRoute(_ context.Context, v *viewer) error {
	h, err := decode[httpRoute](v.raw)
	if err != nil {
		return err
	}
	for _, p := range h.Spec.ParentRefs {
		r := p.ref(v.kinds, v.ref.Namespace, "gateway.networking.k8s.io", "Gateway")
		v.other("Gateway", r.Kind, r.Namespace, r.Name)
	}
	hosts := h.Spec.Hostnames
	if len(hosts) == 0 {
		hosts = []string{"*"}
	}
	for _, rule := range h.Spec.Rules {
		path, match := "/", "PathPrefix"
		if len(rule.Matches) > 0 && rule.Matches[0].Path.Value != "" {
			path, match = rule.Matches[0].Path.Value, rule.Matches[0].Path.Type
		}
		for _, b := range rule.BackendRefs {
			for _, host := range hosts {
				v.out.Routes = append(v.out.Routes, RouteLine{
					Host: host, Path: path, Match: match, To: b.ref(v.kinds, v.ref.Namespace, "", "Service"), Port: strconv.Itoa(int(b.Port)), Weight: b.Weight,
				})
			}
		}
	}
	return nil
}
