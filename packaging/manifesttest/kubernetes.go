package main

import (
	"encoding/json"
	"fmt"
	"io"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	rbac "k8s.io/api/rbac/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// kinds are what may be among the manifests.
var kinds = map[string]func() any{
	"v1 Namespace":                                    func() any { return &core.Namespace{} },
	"v1 ServiceAccount":                               func() any { return &core.ServiceAccount{} },
	"v1 Service":                                      func() any { return &core.Service{} },
	"v1 ConfigMap":                                    func() any { return &core.ConfigMap{} },
	"v1 PersistentVolumeClaim":                        func() any { return &core.PersistentVolumeClaim{} },
	"apps/v1 StatefulSet":                             func() any { return &apps.StatefulSet{} },
	"networking.k8s.io/v1 Ingress":                    func() any { return &networking.Ingress{} },
	"networking.k8s.io/v1 NetworkPolicy":              func() any { return &networking.NetworkPolicy{} },
	"rbac.authorization.k8s.io/v1 ClusterRole":        func() any { return &rbac.ClusterRole{} },
	"rbac.authorization.k8s.io/v1 ClusterRoleBinding": func() any { return &rbac.ClusterRoleBinding{} },
}

// kubernetes builds the kustomization in a folder and prints its objects, each of
// which has only fields that its type knows.
func kubernetes(folder string, out io.Writer) error {
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return err
	}
	for _, r := range all.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			return err
		}
		kind := r.GetGvk().ApiVersion() + " " + r.GetKind()
		make, known := kinds[kind]
		if !known {
			return fmt.Errorf("%s %s: add the kind to the list", kind, r.GetName())
		}
		v := make()
		if err := yaml.UnmarshalStrict(text, v); err != nil {
			return fmt.Errorf("%s %s: %w", kind, r.GetName(), err)
		}
		if err := json.NewEncoder(out).Encode(v); err != nil {
			return err
		}
	}
	return nil
}
