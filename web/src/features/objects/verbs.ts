// What can be done with which kinds. All of it is pure.
import type { Verb } from "./changes";
import type { ObjectLook } from "./types";

const rolls = new Set(["deployments.apps", "statefulsets.apps", "daemonsets.apps"]);
const scales = new Set([
  "deployments.apps",
  "statefulsets.apps",
  "replicasets.apps",
  "replicationcontrollers",
]);
const suspends = new Set(["cronjobs.batch", "jobs.batch"]);

/** What makes sense for many objects of a kind at once. */
export function bulkVerbs(kind: string): Verb[] {
  const all: Verb[] = [];
  if (rolls.has(kind)) all.push("restart");
  if (scales.has(kind)) all.push("scale");
  if (kind === "nodes") all.push("cordon", "uncordon");
  return [...all, "label", "delete"];
}

// What is off is switched on, and the other way round.
function switches(kind: string, look: ObjectLook, line: { phase?: string } | undefined): Verb[] {
  if (kind === "deployments.apps") return [look.workload?.paused ? "resume" : "pause"];
  if (suspends.has(kind))
    return [(look.schedule?.suspended ?? line?.phase === "Suspended") ? "unsuspend" : "suspend"];
  if (kind === "nodes") {
    const shut = look.yaml.includes("\n  unschedulable: true");
    return [shut ? "uncordon" : "cordon", "drain", "taint"];
  }
  return [];
}

/** What can be done with an object, as it is now; what comes first is a button of its own. */
export function verbsOf(kind: string, look: ObjectLook, line?: { phase?: string }): Verb[] {
  if (look.stale_since) return [];
  const hangs = look.deleting_since && look.finalizers.length > 0;
  return [
    ...(scales.has(kind) ? (["scale"] as const) : []),
    ...(rolls.has(kind) ? (["restart", "rollback"] as const) : []),
    ...(kind === "cronjobs.batch" ? (["run"] as const) : []),
    ...switches(kind, look, line),
    "label",
    hangs ? "finalizers" : "delete",
  ];
}
