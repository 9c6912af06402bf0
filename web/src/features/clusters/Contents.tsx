import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Cluster, KindState } from "../../api/types";
import { type Group, groupOf, groups, inGroups, isSought, manyOf } from "../../layout/kinds";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { Section } from "../../ui/Facts";
import { none, number } from "../../ui/format";
import { looks, Mark } from "../../ui/mark";
import { kindsQuery } from "./queries";

const words = k.contents;
const most = 6; // of a group; all of them stand on the tab of kinds

/** What there is of a kind, or why that is not known. */
export function Count({ kind }: { kind: KindState }) {
  if (kind.state === "forbidden" || kind.state === "failed")
    return (
      <span className="row gap-1 text-faint" title={kind.reason}>
        <Mark {...looks.warning} />
        {words.states[kind.state]}
      </span>
    );
  if (kind.state === "on_demand") return <span className="text-faint">{none}</span>;
  return <span className={kind.count === 0 ? "text-faint" : "text-muted"}>{number(kind.count)}</span>;
}

function Part({ cluster, group, kinds }: { cluster: Cluster; group: Group; kinds: readonly KindState[] }) {
  return (
    <div>
      <h3 className="text-sm text-faint">{k.groups[group]}</h3>
      <ul>
        {kinds.slice(0, most).map((kind) => (
          <li key={kind.name}>
            <Link to={paths.objects({ kind: kind.name, clusters: cluster.id })} title={kind.name}>
              <span className="clip flex-1">{manyOf(kind)}</span>
              <Count kind={kind} />
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The way into the cluster: what is in it, by kind. */
export function Contents({ cluster }: { cluster: Cluster }) {
  const { data } = useQuery(kindsQuery(cluster.id));
  const kinds = inGroups(data?.items ?? []);
  if (kinds.length === 0) return null;
  const shown = kinds.filter(
    (kind) => isSought(kind) && (kind.count > 0 || kind.state === "forbidden" || kind.state === "failed"),
  );
  const all = (
    <Link className="link text-sm" to={paths.clusterKinds(cluster.id)}>
      {words.all(kinds.length)}
    </Link>
  );
  return (
    <Section title={words.title} end={all}>
      <div className="cluster-contents">
        {groups.map((group) => {
          const of = shown.filter((kind) => groupOf(kind) === group);
          return of.length > 0 && <Part key={group} cluster={cluster} group={group} kinds={of} />;
        })}
      </div>
    </Section>
  );
}
