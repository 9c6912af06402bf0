import "./findings.css";

import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { Finding, FindingOf } from "../api/clusters";
import { k } from "../locales/clusters";
import { paths } from "../paths";
import { Button } from "../ui/Button";
import { looks, Mark } from "../ui/mark";
import { Time } from "../ui/Time";

const words = k.findings;

function place(cluster: string, { ref }: Finding): string {
  const { kind, namespace = "", name } = ref;
  return name ? paths.object({ cluster, kind, namespace, name }) : paths.cluster(cluster);
}

interface LineProps {
  cluster: string;
  name?: string | undefined;
  finding: Finding;
  brief?: boolean | undefined;
}

function Line({ cluster, name, finding, brief }: LineProps) {
  const { severity, title, text, since } = finding;
  return (
    <li className="items-start!">
      <Mark className="mt-1" {...looks[severity]} />
      <div className="min-w-0 flex-1">
        <span className="row">
          <Link
            className="clip flex-1 font-medium hover:underline"
            to={place(cluster, finding)}
            title={brief ? text : title}
          >
            {title}
          </Link>
          <span className="text-sm text-muted">{words.severity[severity]}</span>
          {!brief && <Time at={since} className="w-16 text-right text-sm text-muted" />}
        </span>
        <span title={text} className={brief ? "clip block text-sm text-muted" : "finding-text"}>
          {name && (
            <Link className="hover:underline" to={paths.cluster(cluster)}>
              {name}
            </Link>
          )}
          {name && " · "}
          {brief ? <Time at={since} /> : text}
        </span>
      </div>
    </li>
  );
}

interface FindingsProps {
  /** The cluster that has them all; without one, each says which. */
  cluster?: string;
  findings: readonly (Finding | FindingOf)[];
  /** How many are shown at first. */
  most?: number;
  /** Only what, where and since when. */
  brief?: boolean;
}

const of = (finding: Finding | FindingOf) => ("cluster_id" in finding ? finding : undefined);

/** What is wrong, the worst first, each leading to where to look. */
export function Findings({ cluster, findings, most = 6, brief }: FindingsProps) {
  const [all, setAll] = useState(false);
  const shown = all ? findings : findings.slice(0, most);
  return (
    <>
      <ul className="rows">
        {shown.map((each) => {
          const id = cluster ?? of(each)?.cluster_id ?? "";
          const { kind, namespace, name } = each.ref;
          return (
            <Line
              key={[id, each.kind, kind, namespace, name].join("|")}
              cluster={id}
              name={cluster === undefined ? of(each)?.cluster_name : undefined}
              finding={each}
              brief={brief}
            />
          );
        })}
      </ul>
      {findings.length > most && !brief && (
        <Button className="mt-2" kind="quiet" size="small" onClick={() => setAll(!all)}>
          {all ? words.fewer : words.all(findings.length)}
        </Button>
      )}
    </>
  );
}
