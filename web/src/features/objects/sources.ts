// Whose logs are read, as an address says it: "<cluster>|<kind>|<namespace>|<name>".
import type { Place } from "./types";

/** The kinds that have logs: pods, and what makes pods. */
export const logsKinds: ReadonlySet<string> = new Set([
  "pods",
  "deployments.apps",
  "statefulsets.apps",
  "daemonsets.apps",
  "replicasets.apps",
  "jobs.batch",
  "cronjobs.batch",
]);

/** One of whom logs are read, as text. */
export const sourceOf = ({ cluster, kind, namespace, name }: Place): string =>
  [cluster, kind, namespace, name].join("|");
