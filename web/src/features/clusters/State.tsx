import { Link } from "@tanstack/react-router";

import { clusterLook } from "../../api/clusters";
import type { Cluster } from "../../api/types";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { when } from "../../ui/format";

const words = k.state;

/** What keeps a cluster from being up to date, and what to do; nothing for one that is. */
export function State({ cluster }: { cluster: Cluster }) {
  const { state, reason, state_since, synced_at, name } = cluster;
  if (state === "synced") return null;
  const now = Date.now();
  const since = when(state_since, now);
  const kept = synced_at ? words.kept(when(synced_at, now)) : words.nothing;
  const settings = (
    <Link className="link whitespace-nowrap" to={paths.clusterSettings(cluster.id)}>
      {words.check}
    </Link>
  );
  const said = {
    syncing: { title: words.syncing, body: reason || words.syncingWhy, action: undefined },
    stale: { title: words.stale(since), body: `${reason} ${kept}`, action: undefined },
    unreachable: { title: words.unreachable(name, since), body: `${reason} ${kept}`, action: settings },
    forbidden: { title: words.forbidden(name), body: `${reason} ${kept}`, action: settings },
  }[state];
  return (
    <Banner className="mb-4" look={clusterLook(cluster)} title={said.title} action={said.action}>
      {said.body}
    </Banner>
  );
}
