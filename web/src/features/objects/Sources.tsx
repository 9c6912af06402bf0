import { o } from "../../locales/objects";
import { when } from "../../ui/format";
import { type Look, looks, Mark } from "../../ui/mark";
import type { Cluster, Source } from "./types";

const byState: Partial<Record<Source["state"], Look>> = {
  stale: looks.stale,
  unreachable: looks.down,
  forbidden: looks.warning,
  failed: looks.failed,
};

function Line({ source, name }: { source: Source; name: string }) {
  const look = byState[source.state];
  if (!look) return null;
  const { state, reason, stale_since } = source;
  return (
    <li className={`row object-source ${look.tone}`}>
      <Mark {...look} />
      <span className="font-medium whitespace-nowrap">{o.sources[state](name)}</span>
      {stale_since && (
        <span className="whitespace-nowrap">{o.sources.since(when(stale_since, Date.now()))}</span>
      )}
      {reason && (
        <span className="clip text-muted" title={reason}>
          {reason}
        </span>
      )}
    </li>
  );
}

interface SourcesProps {
  sources: readonly Source[];
  clusters: readonly Cluster[];
  kind: string;
}

/** Which clusters the rows are not up to date of, a line each; nothing where all are. */
export function Sources({ sources, clusters, kind }: SourcesProps) {
  const name = (id: string) => clusters.find((cluster) => cluster.id === id)?.name ?? id;
  const missing = sources.filter(({ state }) => state === "missing");
  const bad = sources.filter(({ state }) => byState[state]);
  if (bad.length === 0 && missing.length === 0) return null;
  return (
    <div role="status">
      <ul className="object-sources" aria-label={o.sources.label}>
        {bad.map((source) => (
          <Line key={source.cluster_id} source={source} name={name(source.cluster_id)} />
        ))}
        {missing.length > 0 && (
          <li className="row object-source">
            <Mark {...looks.unknown} />
            <span className="clip text-muted">
              {o.sources.without(missing.map(({ cluster_id }) => name(cluster_id)).join(", "), kind)}
            </span>
          </li>
        )}
      </ul>
    </div>
  );
}
