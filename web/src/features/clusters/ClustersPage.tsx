import { Link } from "@tanstack/react-router";
import { Box, Plus } from "lucide-react";
import { useMemo } from "react";

import { api } from "../../api/client";
import type { FindingOf } from "../../api/clusters";
import { useList } from "../../api/list";
import { useMay } from "../../api/may";
import type { Cluster } from "../../api/types";
import { FilterInput } from "../../layout/FilterInput";
import { Findings } from "../../layout/Findings";
import { Loaded } from "../../layout/Loaded";
import { Page } from "../../layout/Page";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { k } from "../../locales/clusters";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Section } from "../../ui/Facts";
import { Table } from "../../ui/Table";
import { columns, figureColumns, hasFigures, worstOf } from "./columns";
import { firstSentence } from "../../layout/clusters";
import { Offers } from "./Offers";

const words = k.list;

const span = (cluster: Cluster) =>
  hasFigures(cluster)
    ? undefined
    : {
        columns: figureColumns,
        content: (
          <span className="clip block" title={cluster.reason}>
            {firstSentence(cluster.reason) || k.states[cluster.state]}
          </span>
        ),
      };

const addLink = (primary: boolean) => (
  <Link className={buttonClass(primary ? { kind: "primary" } : { size: "small" })} to={paths.clusterNew()}>
    <Plus className="icon" aria-hidden="true" />
    {words.add}
  </Link>
);

function Nothing() {
  const may = useMay("clusters.write");
  return (
    <Empty
      icon={<Box className="icon" aria-hidden="true" />}
      title={words.empty}
      action={may && addLink(true)}
      hint={
        may && (
          <>
            {words.emptyHint} <code>kubectl config view --minify --flatten --raw</code>
          </>
        )
      }
    >
      {may ? words.emptyBody : words.emptyAsk}
    </Empty>
  );
}

interface ListProps {
  clusters: readonly Cluster[];
  findings: readonly FindingOf[];
  more: (() => void) | undefined;
  onClear: () => void;
}

function List({ clusters, findings, more, onClear }: ListProps) {
  const defs = useMemo(() => columns(worstOf(findings)), [findings]);
  return (
    <Table
      sticky
      label={t.layout.clusters}
      columns={defs}
      rows={clusters}
      id={({ id }) => id}
      span={span}
      onEnd={more}
      empty={<Empty title={words.none} action={<Button onClick={onClear}>{words.clear}</Button>} />}
    />
  );
}

interface FiltersProps {
  q: string;
  may: boolean;
  onChange: (q: string) => void;
}

const Filters = ({ q, may, onChange }: FiltersProps) => (
  <div className="filters">
    <FilterInput label={words.filter} value={q} onChange={onChange} />
    {may && (
      <Link className="chip md:hidden" to={paths.clusterNew()} aria-label={words.add}>
        <Plus className="icon" aria-hidden="true" />
      </Link>
    )}
  </div>
);

const Wrong = ({ findings }: { findings: readonly FindingOf[] }) =>
  findings.length > 0 && (
    <Section title={k.findings.title} count={findings.length}>
      <Findings findings={findings} />
    </Section>
  );

function useFindings(): readonly FindingOf[] {
  return api.useQuery("get", "/api/v1/clusters/findings").data?.items ?? none;
}

/** Every cluster, what is wrong in any of them first. */
export function ClustersPage() {
  const [url, setUrl] = useUrl();
  const q = url.get("q") ?? "";
  const list = useList<Cluster>("/api/v1/clusters", { q: q || undefined });
  const findings = useFindings();
  const may = useMay("clusters.write");
  const nothing = list.rows.length === 0 && !q && !list.loading && !list.error;
  return (
    <Page
      title={t.layout.clusters}
      action={may && !nothing && addLink(false)}
      header={!nothing && <Filters q={q} may={may} onChange={(text) => setUrl({ q: text })} />}
    >
      <Loaded of={list} failed={words.failed} lines={6}>
        <Wrong findings={findings} />
        {!q && <Offers clusters={list.rows} />}
        {nothing ? (
          <Nothing />
        ) : (
          <Section title={t.layout.clusters} count={list.rows.length}>
            <List
              clusters={list.rows}
              findings={findings}
              more={list.more}
              onClear={() => setUrl({ q: undefined })}
            />
          </Section>
        )}
      </Loaded>
    </Page>
  );
}

const none: never[] = [];
