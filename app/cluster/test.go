package cluster

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const testWithin = 20 * time.Second

// A TestReport says how a test of a cluster went.
type TestReport struct {
	OK       bool     `json:"ok"`
	Server   string   `json:"server"`
	Version  string   `json:"version,omitempty"`
	Platform string   `json:"platform,omitempty"`
	Latency  int64    `json:"latency_ms"`
	User     string   `json:"user,omitempty" doc:"Who the cluster takes us for"`
	Groups   []string `json:"groups" nullable:"false"`
	Error    string   `json:"error,omitempty" doc:"Why it failed, as a sentence"`
	Code     string   `json:"code,omitempty" doc:"The permanent code of the error"`
	Rights   []Right  `json:"rights" nullable:"false"`
}

// A Right is something that the appliance does in a cluster, and whether it may.
type Right struct {
	Name    string `json:"name" doc:"For people: see pods"`
	Verb    string `json:"verb"`
	Kind    string `json:"kind" doc:"resource.group, with /subresource"`
	Allowed bool   `json:"allowed"`
	Costs   string `json:"costs" doc:"What does not work without it, as a sentence"`
}

// rights are what the appliance would like to be allowed, most needed first.
var rights = []Right{
	{Name: "see nodes", Verb: "watch", Kind: "nodes", Costs: "Nodes, their pressure and what they have to give stay unknown."},
	{Name: "see pods", Verb: "watch", Kind: "pods", Costs: "Pods, and all that follows from them (crash loops, what is pending), stay unknown."},
	{Name: "see workloads", Verb: "watch", Kind: "deployments.apps", Costs: "Deployments cannot be listed, restarted or scaled."},
	{Name: "see events", Verb: "watch", Kind: "events", Costs: "Why something happened is not shown."},
	{Name: "see secrets", Verb: "watch", Kind: "secrets", Costs: "Secrets are not listed, and TLS certificates near their end are not noticed. Values are never shown."},
	{Name: "see definitions", Verb: "watch", Kind: "customresourcedefinitions.apiextensions.k8s.io", Costs: "New kinds are noticed ten minutes late."},
	{Name: "read logs", Verb: "get", Kind: "pods/log", Costs: "Logs cannot be read."},
	{Name: "open a terminal", Verb: "create", Kind: "pods/exec", Costs: "No terminal opens in a container."},
	{Name: "forward a port", Verb: "create", Kind: "pods/portforward", Costs: "No link leads to a port of a pod."},
	{Name: "measure", Verb: "list", Kind: "pods.metrics.k8s.io", Costs: "CPU and memory in use stay unknown."},
	{Name: "read volumes", Verb: "get", Kind: "nodes/proxy", Costs: "Full volumes are not noticed."},
	{Name: "change workloads", Verb: "patch", Kind: "deployments.apps", Costs: "Nothing can be scaled, restarted or rolled back."},
	{Name: "apply", Verb: "create", Kind: "deployments.apps", Costs: "YAML cannot be applied."},
	{Name: "delete", Verb: "delete", Kind: "pods", Costs: "Nothing can be deleted."},
	{Name: "cordon", Verb: "patch", Kind: "nodes", Costs: "Nodes cannot be cordoned, tainted or drained."},
	{Name: "drain", Verb: "create", Kind: "pods/eviction", Costs: "Nodes cannot be drained."},
}

// Try tests a cluster before it is registered.
func (s *Service) Try(ctx context.Context, t store.Tenant, d Draft) (TestReport, error) {
	var c *rest.Config
	if d.Source == store.ClusterInside {
		var err error
		if c, err = s.inside(t); err != nil {
			return TestReport{}, err
		}
	} else {
		text, err := s.textOf(t, d)
		if err != nil {
			return TestReport{}, err
		}
		kept, _, err := one(text, d.Context, d.Accept)
		if err != nil {
			return TestReport{}, err
		}
		if c, err = restConfig(kept); err != nil {
			return TestReport{}, err
		}
	}
	l, err := s.linkTo(t.ID, "", c)
	if err != nil {
		return TestReport{}, err
	}
	defer l.close()
	return l.test(ctx), nil
}

// Test tests a cluster that is registered.
func (s *Service) Test(ctx context.Context, t store.Tenant, id string) (TestReport, error) {
	l, err := s.link(ctx, t, id)
	if err != nil {
		return TestReport{}, err
	}
	return l.test(ctx), nil
}

// test asks who we are there, and what we may.
func (l *link) test(ctx context.Context) TestReport {
	ctx, cancel := context.WithTimeout(ctx, testWithin)
	defer cancel()
	r := TestReport{Server: shown(l.config.Host), Groups: []string{}, Rights: []Right{}}
	began := time.Now()
	version, err := l.version(ctx)
	r.Latency = time.Since(began).Milliseconds()
	r.Version, r.Platform = version, platform(version)
	if err == nil {
		err = l.whoAmI(ctx, &r)
	}
	if err == nil {
		r.Rights, err = l.mayI(ctx)
	}
	if err != nil {
		f := fault.From(reason(err))
		r.Error, r.Code = f.Msg, f.Code
		return r
	}
	r.OK = true
	return r
}

// whoAmI asks for our own name; clusters before 1.28 do not know the question.
func (l *link) whoAmI(ctx context.Context, r *TestReport) error {
	text, err := l.plain.Post().AbsPath("apis/authentication.k8s.io/v1/selfsubjectreviews").SetHeader("Content-Type", "application/json").
		Body([]byte(`{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`)).Do(ctx).Raw()
	if err != nil {
		if f := fault.From(reason(err)); f.Code == ErrGone.Code || f.Code == ErrForbidden.Code {
			return nil
		}
		return err
	}
	var v struct {
		Status struct {
			UserInfo struct {
				Username string   `json:"username"`
				Groups   []string `json:"groups"`
			} `json:"userInfo"`
		} `json:"status"`
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	r.User, r.Groups = v.Status.UserInfo.Username, append(r.Groups, v.Status.UserInfo.Groups...)
	return nil
}

// mayI asks about each right, in all namespaces.
func (l *link) mayI(ctx context.Context) ([]Right, error) {
	all := make([]Right, len(rights))
	for i, r := range rights {
		resource, sub, _ := strings.Cut(r.Kind, "/")
		name, group, _ := strings.Cut(resource, ".")
		body, err := json.Marshal(map[string]any{
			"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
			"spec": map[string]any{"resourceAttributes": map[string]string{"verb": r.Verb, "group": group, "resource": name, "subresource": sub}},
		})
		if err != nil {
			return nil, err
		}
		text, err := l.plain.Post().AbsPath("apis/authorization.k8s.io/v1/selfsubjectaccessreviews").
			SetHeader("Content-Type", "application/json").Body(body).Do(ctx).Raw()
		if err != nil {
			return nil, err
		}
		var v struct {
			Status struct {
				Allowed bool `json:"allowed"`
			} `json:"status"`
		}
		if err := json.Unmarshal(text, &v); err != nil {
			return nil, err
		}
		r.Allowed = v.Status.Allowed
		all[i] = r
	}
	return all, nil
}
