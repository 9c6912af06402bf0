import type { Cluster } from "../api/types";
import { k } from "../locales/clusters";
import { milliseconds } from "../ui/format";

/** v1.37.2 · k3s, as far as it is known. */
export function versionOf({ version, platform }: { version?: string; platform?: string }): string {
  const plain = (version ?? "").replace(/[+-].*$/, "");
  return [plain, platform].filter(Boolean).join(" · ");
}

/** What is in a cluster, in a line. */
export function brief({ facts }: Pick<Cluster, "facts">): string {
  if (!facts.version) return k.list.nothingYet;
  const parts = [versionOf(facts), k.list.nodesOf(facts.nodes_ready, facts.nodes), k.list.podsOf(facts.pods)];
  if (facts.findings > 0) parts.unshift(k.list.problemsOf(facts.findings));
  return parts.join(" · ");
}

/** 4 ms; what takes no time that can be told is less than one. */
export const latencyText = (ms: number | null): string => (ms === 0 ? "<\u00a01\u00a0ms" : milliseconds(ms));

/** What is wrong; what to do about it follows, and stands on the page of the cluster. */
export const firstSentence = (text: string): string => text.split(/(?<=\.)\s/)[0] ?? "";
