// The kinds of objects, as people look for them. All of it is pure but what is remembered.
import type { KindState } from "./types";

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
export function groupOf({ name, group, custom }: KindState): Group {
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

/** The kinds of several clusters as one list, most looked for first. */
export function merged(lists: readonly (readonly KindState[])[]): KindState[] {
  const all = new Map<string, KindState>();
  for (const kind of lists.flat()) {
    const known = all.get(kind.name);
    all.set(kind.name, known ? { ...known, count: known.count + kind.count } : kind);
  }
  return [...all.values()].sort(
    (a, b) => rank(a.name) - rank(b.name) || a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name),
  );
}

// How well a kind answers what was typed: 0 its short name, then its beginning, then anywhere; -1 not.
function fit(kind: KindState, text: string): number {
  if (kind.short_names.includes(text) || kind.resource === text) return 0;
  const low = kind.kind.toLowerCase();
  if (low.startsWith(text) || kind.resource.startsWith(text)) return 1;
  return low.includes(text) || kind.name.includes(text) ? 2 : -1;
}

/** The kinds that answer what was typed, the best first. */
export function found(kinds: readonly KindState[], text: string): KindState[] {
  const low = text.trim().toLowerCase();
  if (!low) return [...kinds];
  return kinds
    .map((kind) => ({ kind, how: fit(kind, low) }))
    .filter(({ how }) => how >= 0)
    .sort((a, b) => a.how - b.how)
    .map(({ kind }) => kind);
}

const key = "unity-kinds";
const many = 5;

/** The kinds that were looked at last in this browser, newest first. */
export function recentKinds(): string[] {
  return (localStorage.getItem(key) ?? "").split(",").filter(Boolean);
}

/** Remembers that a kind was looked at. */
export function rememberKind(name: string): void {
  const all = [name, ...recentKinds().filter((each) => each !== name)];
  localStorage.setItem(key, all.slice(0, many).join());
}

/** A name for a kind that no cluster has told about: "deployments" of deployments.apps. */
export const plainName = (name: string): string => name.split(".")[0] ?? name;
