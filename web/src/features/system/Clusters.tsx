import { Link } from "@tanstack/react-router";

import { api } from "../../api/client";
import { clusterLook, type FindingOf } from "../../api/clusters";
import type { Cluster } from "../../api/types";
import { brief } from "../../layout/clusters";
import { Findings } from "../../layout/Findings";
import { t } from "../../locales";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { Section } from "../../ui/Facts";
import { looks, Mark } from "../../ui/mark";

const most = 5;
const order = ["unreachable", "forbidden", "stale", "syncing", "synced"];

// Trouble first: what does not answer, then what has findings.
const rank = ({ state, facts }: Cluster) => order.indexOf(state) - (facts.findings > 0 ? 0.5 : 0);

const lookOf = (cluster: Cluster) =>
  cluster.state === "synced" && cluster.facts.findings > 0 ? looks.warning : clusterLook(cluster);

/** Every cluster in a line, and the worst that is wrong in any. */
export function Clusters({ total, findings }: { total: number; findings: readonly FindingOf[] }) {
  const clusters =
    api.useQuery("get", "/api/v1/clusters", { params: { query: { limit: 100 } } }).data?.items ?? [];
  const all = (
    <Link className="link text-sm" to={paths.clusters()}>
      {t.system.allAlerts}
    </Link>
  );
  return (
    <Section className="o3" title={t.layout.clusters} count={total} end={all}>
      <ul className="rows">
        {[...clusters]
          .sort((a, b) => rank(a) - rank(b))
          .slice(0, most)
          .map((cluster) => (
            <li key={cluster.id} className="items-start!">
              <Mark className="mt-1" {...lookOf(cluster)} />
              <Link className="min-w-0 flex-1" to={paths.cluster(cluster.id)}>
                <span className="row">
                  <span className="clip flex-1 font-medium">{cluster.name}</span>
                  <span className="text-sm text-muted">{k.states[cluster.state]}</span>
                </span>
                <span className="clip block text-sm text-muted" title={cluster.reason}>
                  {cluster.state === "synced" ? brief(cluster) : cluster.reason || brief(cluster)}
                </span>
              </Link>
            </li>
          ))}
      </ul>
      {findings.length > 0 && (
        <>
          <h3 className="mt-4 mb-1 text-sm text-faint">{k.findings.title}</h3>
          <Findings brief findings={findings} most={3} />
        </>
      )}
    </Section>
  );
}
