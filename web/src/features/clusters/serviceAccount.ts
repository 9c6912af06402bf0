// What makes a service account in a cluster, for those whose kubeconfig runs a program to sign in.

/** What the account may do. */
export type Reach = "view" | "change";

const account = `apiVersion: v1
kind: Namespace
metadata:
  name: unity
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: unity
  namespace: unity
---
apiVersion: v1
kind: Secret
type: kubernetes.io/service-account-token
metadata:
  name: unity
  namespace: unity
  annotations:
    kubernetes.io/service-account.name: unity`;

// The built-in role "view" has what stands in namespaces, but for secrets. What stands
// outside of them comes on top.
const seeing = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: unity-view
rules:
- apiGroups: [""]
  resources: [nodes, persistentvolumes]
  verbs: [get, list, watch]
- apiGroups: [storage.k8s.io]
  resources: [storageclasses, volumeattachments, csidrivers, csinodes]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [get, list, watch]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings, clusterroles, clusterrolebindings]
  verbs: [get, list, watch]
- apiGroups: [scheduling.k8s.io]
  resources: [priorityclasses]
  verbs: [get, list, watch]
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  verbs: [get, list, watch]
- apiGroups: [apiregistration.k8s.io]
  resources: [apiservices]
  verbs: [get, list, watch]
- apiGroups: [metrics.k8s.io]
  resources: [nodes, pods]
  verbs: [get, list]`;

const changing = `- apiGroups: [""]
  resources: [nodes]
  verbs: [patch, update]
- apiGroups: [""]
  resources: [pods/eviction]
  verbs: [create]`;

const bind = (name: string, role: string) => `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: ${name}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: ${role}
subjects:
- kind: ServiceAccount
  name: unity
  namespace: unity`;

/** The objects, as YAML. */
export function objects(reach: Reach): string {
  const role = reach === "view" ? seeing : `${seeing}\n${changing}`;
  const built = reach === "view" ? "view" : "edit";
  return [account, role, bind("unity", "unity-view"), bind(`unity-${built}`, built)].join("\n---\n");
}

/** One command that makes them. */
export const apply = (reach: Reach): string => `kubectl apply -f - <<'YAML'\n${objects(reach)}\nYAML`;

/** One command that prints a kubeconfig of the account. */
export const print = `server=$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')
ca=$(kubectl -n unity get secret unity -o jsonpath='{.data.ca\\.crt}')
token=$(kubectl -n unity get secret unity -o jsonpath='{.data.token}' | base64 -d)
cat <<YAML
apiVersion: v1
kind: Config
current-context: unity
contexts:
- name: unity
  context: {cluster: unity, user: unity}
clusters:
- name: unity
  cluster: {server: "$server", certificate-authority-data: $ca}
users:
- name: unity
  user: {token: $token}
YAML`;
