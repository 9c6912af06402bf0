// Clusters as people see them, for every page that shows some.
import { type Look, looks } from "../ui/mark";
import type { components } from "./schema";
import type { Cluster } from "./types";

/** One thing that is wrong in a cluster. */
export type Finding = components["schemas"]["Finding"];

/** The same, with the cluster that has it. */
export type FindingOf = components["schemas"]["FindingOf"];

/** The look of every state of a cluster. */
const stateLooks: Record<Cluster["state"], Look> = {
  synced: looks.up,
  syncing: looks.running,
  stale: looks.stale,
  unreachable: looks.down,
  forbidden: { shape: "square", tone: "critical" },
};

/** The look of a cluster. */
export const clusterLook = ({ state }: Pick<Cluster, "state">): Look => stateLooks[state];
