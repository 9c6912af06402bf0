// The kinds of objects, as people look for them.
import type { KindState } from "../api/types";

/** The groups kinds are offered in, in their order. */
export const groups = ["workloads", "network", "storage", "config", "access", "cluster", "custom"] as const;

/** One of them. */
export type Group = (typeof groups)[number];

const byName: Record<string, Group> = {
  pods: "workloads",
  replicationcontrollers: "workloads",
  podtemplates: "workloads",
  services: "network",
  endpoints: "network",
  persistentvolumeclaims: "storage",
  persistentvolumes: "storage",
  configmaps: "config",
  secrets: "config",
  resourcequotas: "config",
  limitranges: "config",
  serviceaccounts: "access",
  nodes: "cluster",
  namespaces: "cluster",
  events: "cluster",
};

const byGroup: Record<string, Group> = {
  apps: "workloads",
  batch: "workloads",
  autoscaling: "workloads",
  policy: "workloads",
  "networking.k8s.io": "network",
  "discovery.k8s.io": "network",
  "gateway.networking.k8s.io": "network",
  "storage.k8s.io": "storage",
  "snapshot.storage.k8s.io": "storage",
  "storagemigration.k8s.io": "storage",
  "rbac.authorization.k8s.io": "access",
  "certificates.k8s.io": "access",
  "scheduling.k8s.io": "config",
  "node.k8s.io": "config",
  "admissionregistration.k8s.io": "config",
};

/** Where a kind is looked for. */
export function groupOf({ name, group, custom }: Pick<KindState, "name" | "group" | "custom">): Group {
  return byName[name] ?? byGroup[group] ?? (custom ? "custom" : "cluster");
}

// What people look for most stands first in its group.
const first = [
  "pods",
  "deployments.apps",
  "statefulsets.apps",
  "daemonsets.apps",
  "jobs.batch",
  "cronjobs.batch",
  "services",
  "ingresses.networking.k8s.io",
  "networkpolicies.networking.k8s.io",
  "persistentvolumeclaims",
  "persistentvolumes",
  "storageclasses.storage.k8s.io",
  "configmaps",
  "secrets",
  "serviceaccounts",
  "roles.rbac.authorization.k8s.io",
  "rolebindings.rbac.authorization.k8s.io",
  "nodes",
  "namespaces",
  "events",
];

const rank = (name: string) => (first.includes(name) ? first.indexOf(name) : first.length);

/** Orders kinds by how much people look for them. */
export const byLook = (a: KindState, b: KindState): number =>
  rank(a.name) - rank(b.name) || a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name);

/** Whether people look for a kind by itself: what Kubernetes keeps for its own use is not. */
export const isSought = ({ name, custom }: Pick<KindState, "name" | "custom">): boolean =>
  custom || first.includes(name);

/** Kinds by their group, those that are looked for most first. */
export function inGroups<K extends KindState>(kinds: readonly K[]): K[] {
  return [...kinds].sort((a, b) => groups.indexOf(groupOf(a)) - groups.indexOf(groupOf(b)) || byLook(a, b));
}

/** Deployments, Ingresses, NetworkPolicies: the kind, in the plural that its resource has. */
export function manyOf({ kind, resource }: Pick<KindState, "kind" | "resource">): string {
  let same = 0;
  while (same < kind.length && kind[same]?.toLowerCase() === resource[same]) same++;
  return same > kind.length - 3 ? kind.slice(0, same) + resource.slice(same) : kind;
}
