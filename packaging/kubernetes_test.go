package packaging_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"unity.internal/app/builttest"
)

// An object is what of a manifest others refer to, or refer from.
type object struct {
	Kind     string
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Data map[string]string
	Spec struct {
		Replicas    int
		ServiceName string
		Selector    json.RawMessage
		Template    struct {
			Metadata struct{ Labels map[string]string }
			Spec     podSpec
		}
		VolumeClaimTemplates []struct{ Metadata struct{ Name string } }
		Ports                []struct{ Name, TargetPort string }
		TLS                  []struct{ Hosts []string }
		Rules                []struct {
			Host string
			HTTP struct {
				Paths []struct {
					Backend struct {
						Service struct {
							Name string
							Port struct{ Name string }
						}
					}
				}
			}
		}
		Ingress []struct{ Ports []struct{ Port string } }
	}
	Rules []struct{ Verbs, Resources []string }
}

type podSpec struct {
	ServiceAccountName string
	SecurityContext    struct {
		RunAsNonRoot   bool
		RunAsUser      int
		SeccompProfile struct{ Type string }
	}
	Containers []struct {
		Image           string
		EnvFrom         []struct{ ConfigMapRef struct{ Name string } }
		Ports           []struct{ Name string }
		VolumeMounts    []struct{ Name, MountPath string }
		SecurityContext struct {
			ReadOnlyRootFilesystem   bool
			AllowPrivilegeEscalation *bool
			Capabilities             struct{ Drop, Add []string }
		}
		LivenessProbe, StartupProbe struct{ HTTPGet struct{ Path, Port string } }
		ReadinessProbe              struct{ Exec struct{ Command []string } }
	}
	Volumes []struct{ Name string }
}

// built returns the objects of a kustomization by kind.
func built(t *testing.T, folder string) map[string]object {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), builttest.Path(t, "packaging/manifesttest"), "kubernetes", folder).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", folder, err, out)
	}
	all := map[string]object{}
	for line := range strings.Lines(string(out)) {
		var v object
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if _, twice := all[v.Kind]; twice {
			t.Errorf("%s: two of kind %s", folder, v.Kind)
		}
		all[v.Kind] = v
	}
	return all
}

// TestKubernetes builds what we hand out, and follows what refers to what.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"kubernetes/base", "kubernetes/example"} {
		all := built(t, folder)
		for kind, v := range all {
			if spaced := !strings.HasPrefix(kind, "Cluster") && kind != "Namespace"; spaced && v.Metadata.Namespace != all["Namespace"].Metadata.Name {
				t.Errorf("%s: the %s is in the namespace %q", folder, kind, v.Metadata.Namespace)
			}
		}
		if level := all["Namespace"].Metadata.Labels["pod-security.kubernetes.io/enforce"]; level != "restricted" {
			t.Errorf("%s: pods may be %q", folder, level)
		}
		set := all["StatefulSet"].Spec
		labels := set.Template.Metadata.Labels
		var chosen struct{ MatchLabels map[string]string }
		var served map[string]string
		if json.Unmarshal(set.Selector, &chosen) != nil || json.Unmarshal(all["Service"].Spec.Selector, &served) != nil || !selects(chosen.MatchLabels, labels) || !selects(served, labels) {
			t.Errorf("%s: pods have %v; the set takes %v, the service %v", folder, labels, chosen, served)
		}
		service, ingress := all["Service"], all["Ingress"].Spec
		if set.Replicas != 1 || set.ServiceName != service.Metadata.Name || set.Template.Spec.ServiceAccountName != all["ServiceAccount"].Metadata.Name {
			t.Errorf("%s: %+v", folder, set)
		}
		backend := ingress.Rules[0].HTTP.Paths[0].Backend.Service
		host := ingress.Rules[0].Host
		if backend.Name != service.Metadata.Name || backend.Port.Name != service.Spec.Ports[0].Name || !slices.Equal(ingress.TLS[0].Hosts, []string{host}) {
			t.Errorf("%s: the ingress goes to %+v", folder, backend)
		}
		if at := all["ConfigMap"].Data["UNITY_PUBLIC_URL"]; at != "https://"+host {
			t.Errorf("%s: it is reached at %s, and says %s", folder, host, at)
		}
		checkPod(t, folder, set.Template.Spec, all)
		port := set.Template.Spec.Containers[0].Ports[0].Name
		if service.Spec.Ports[0].TargetPort != port || all["NetworkPolicy"].Spec.Ingress[0].Ports[0].Port != port {
			t.Errorf("%s: the service or the policy does not name the port %s", folder, port)
		}
		for _, rule := range all["ClusterRole"].Rules {
			if !slices.Equal(rule.Verbs, []string{"get", "list", "watch"}) || slices.Contains(rule.Resources, "secrets") {
				t.Errorf("%s: it may %v %v", folder, rule.Verbs, rule.Resources)
			}
		}
	}
	if _, may := built(t, "kubernetes/base")["ClusterRole"]; may {
		t.Error("the base may read the cluster")
	}
}

// checkPod holds the pod to what the restricted level asks, and to the names around it.
func checkPod(t *testing.T, folder string, pod podSpec, all map[string]object) {
	t.Helper()
	c := pod.Containers[0]
	s := c.SecurityContext
	if !pod.SecurityContext.RunAsNonRoot || pod.SecurityContext.RunAsUser != 65532 || pod.SecurityContext.SeccompProfile.Type != "RuntimeDefault" ||
		!s.ReadOnlyRootFilesystem || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
		!slices.Equal(s.Capabilities.Drop, []string{"ALL"}) || len(s.Capabilities.Add) > 0 {
		t.Errorf("%s: the pod may too much: %+v %+v", folder, pod.SecurityContext, s)
	}
	if c.EnvFrom[0].ConfigMapRef.Name != all["ConfigMap"].Metadata.Name {
		t.Errorf("%s: its environment is %s", folder, c.EnvFrom[0].ConfigMapRef.Name)
	}
	var volumes []string
	for _, v := range all["StatefulSet"].Spec.VolumeClaimTemplates {
		volumes = append(volumes, v.Metadata.Name)
	}
	for _, v := range pod.Volumes {
		volumes = append(volumes, v.Name)
	}
	within := false
	for _, m := range c.VolumeMounts {
		if !slices.Contains(volumes, m.Name) {
			t.Errorf("%s: no volume %s", folder, m.Name)
		}
		within = within || strings.HasPrefix(all["ConfigMap"].Data["UNITY_DATA_DIR"], m.MountPath+"/")
	}
	if !within {
		t.Errorf("%s: the data are on no volume", folder)
	}
	for _, probe := range []struct{ Path, Port string }{c.LivenessProbe.HTTPGet, c.StartupProbe.HTTPGet} {
		if probe.Path != "/healthz" || probe.Port != c.Ports[0].Name {
			t.Errorf("%s: it is asked at %+v", folder, probe)
		}
	}
	if !slices.Equal(c.ReadinessProbe.Exec.Command, []string{"/unity", "health"}) {
		t.Errorf("%s: it is asked by %v", folder, c.ReadinessProbe.Exec.Command)
	}
}

// selects reports whether labels are among those that a selector wants.
func selects(selector, labels map[string]string) bool {
	for key, want := range selector {
		if labels[key] != want {
			return false
		}
	}
	return len(selector) > 0
}

// TestBill validates the bill of materials against the schema of CycloneDX.
func TestBill(t *testing.T) {
	t.Parallel()
	list := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go")
	list.Dir = "manifesttest"
	dir, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	output(t, builttest.Path(t, "packaging/manifesttest"), "sbom", strings.TrimSpace(string(dir))+"/schema", one(t, packages(t)+"/*.cdx.json"))
}
