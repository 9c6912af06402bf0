import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Cluster, ClusterObject } from "../../api/types";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { Section } from "../../ui/Facts";
import { looks, Mark } from "../../ui/mark";
import { Time } from "../../ui/Time";
import { warningsQuery } from "./queries";

const words = k.warnings;
const most = 8;

function Line({ cluster, event }: { cluster: Cluster; event: ClusterObject }) {
  const [message, object, count, last] = event.cells ?? [];
  return (
    <li className="items-start!">
      <Mark className="mt-1" {...looks.warning} />
      <div className="min-w-0 flex-1">
        <span className="row">
          <Link
            className="clip flex-1 font-medium hover:underline"
            to={paths.object({
              cluster: cluster.id,
              kind: "events",
              namespace: event.namespace ?? "",
              name: event.name,
            })}
            title={object}
          >
            {event.reason} · {object}
          </Link>
          {Number(count) > 1 && <span className="text-sm text-muted">{words.times(Number(count))}</span>}
          <Time at={last || event.created_at} className="w-16 text-right text-sm text-muted" />
        </span>
        <span className="clip block text-sm text-muted" title={message}>
          {[event.namespace, message].filter(Boolean).join(" · ")}
        </span>
      </div>
    </li>
  );
}

/** The newest events that warn. */
export function Warnings({ cluster }: { cluster: Cluster }) {
  const { data } = useQuery(warningsQuery(cluster.id, most));
  if (!data || data.items.length === 0) return null;
  const all = (
    <Link
      className="link text-sm"
      to={paths.objects({ kind: "events", clusters: cluster.id, fields: "phase=Warning" })}
    >
      {words.all}
    </Link>
  );
  return (
    <Section title={words.title} count={data.total} end={all}>
      <ul className="rows">
        {data.items.map((event) => (
          <Line key={event.uid} cluster={cluster} event={event} />
        ))}
      </ul>
    </Section>
  );
}
