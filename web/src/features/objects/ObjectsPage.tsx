import "./objects.css";

import { Link, useRouter } from "@tanstack/react-router";
import { Boxes, FileCode } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";

import { useMay } from "../../api/may";
import { Page } from "../../layout/Page";
import { ProblemBanner, ProblemPage } from "../../layout/Problem";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { o } from "../../locales/objects";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { ColumnMenu, useHidden } from "../../ui/columns";
import { Empty, Skeleton } from "../../ui/Empty";
import { VirtualTable } from "../../ui/VirtualTable";
import { columnsOf } from "./columns";
import { type Filter, narrows, readFilter, sortText, toggled } from "./filter";
import { plainName, rememberKind } from "./kinds";
import { type Change, ObjectsFilters } from "./ObjectsFilters";
import { useClusters, useKinds, useWindows } from "./queries";
import { ObjectsBulk } from "./ObjectsBulk";
import { Sources } from "./Sources";
import type { Cluster, Listed } from "./types";
import { useListKeys } from "./useListKeys";
import { rowID, type Windows } from "./windows";

const DeleteDialog = lazy(async () => ({ default: (await import("./DeleteDialog")).DeleteDialog }));

const keepAtOnce = 500; // as many can be selected at once, since all are looked at first

interface ListProps {
  filter: Filter;
  clusters: readonly Cluster[];
  /** Of the kind. */
  name: string;
  list: Windows;
  hidden: ReadonlySet<string>;
  columns: ReturnType<typeof columnsOf>;
  onChange: (change: Change) => void;
}

const cleared: Change = { q: undefined, labels: undefined, fields: undefined, namespaces: undefined };

function None({
  filter,
  name,
  onChange,
}: {
  filter: Filter;
  name: string;
  onChange: (change: Change) => void;
}) {
  const { q, labels, fields, namespaces } = filter;
  if (!narrows(filter)) return <Empty title={o.list.empty(name)}>{o.list.emptyWhy}</Empty>;
  const by = [q && `“${q}”`, labels, fields, ...namespaces].filter(Boolean).join(", ");
  return (
    <Empty
      title={o.list.none(name)}
      action={<Button onClick={() => onChange(cleared)}>{o.list.clear}</Button>}
    >
      {o.list.noneWhy(by)}
    </Empty>
  );
}

function Removing({ row, onClose }: { row: Listed; onClose: () => void }) {
  const { cluster_id: cluster, kind, namespace = "", name } = row;
  return (
    <Suspense>
      <DeleteDialog place={{ cluster, kind, namespace, name }} look={row} onClose={onClose} />
    </Suspense>
  );
}

function List({ filter, clusters, name, list, hidden, columns, onChange }: ListProps) {
  const router = useRouter();
  const may = useMay("clusters.apply");
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [removing, setRemoving] = useState<Listed>();
  useListKeys(list, may ? setRemoving : undefined);
  const { total = 0, page } = list;
  const open = useCallback(
    ({ cluster_id, kind: of, namespace = "", name: one }: Listed) =>
      void router.navigate({ href: paths.object({ cluster: cluster_id, kind: of, namespace, name: one }) }),
    [router],
  );
  async function selectAll(): Promise<void> {
    setSelected(new Set((await list.all()).map(rowID)));
  }
  return (
    <>
      <Sources sources={page?.sources ?? []} clusters={clusters} kind={name} />
      {list.error !== undefined && (
        <ProblemBanner error={list.error} title={o.list.failed} onRetry={list.retry} />
      )}
      <VirtualTable
        label={name}
        columns={columns}
        total={total}
        row={list.row}
        onRange={list.see}
        id={rowID}
        name={(row) => row.name}
        sort={{ by: filter.sort, desc: filter.desc }}
        onSort={({ by, desc }) => onChange({ sort: sortText(by, desc) })}
        {...(may && {
          selected,
          onSelect: setSelected,
          ...(total <= keepAtOnce && { onSelectAll: () => void selectAll() }),
        })}
        hidden={hidden}
        onOpen={open}
        empty={<None filter={filter} name={name} onChange={onChange} />}
      />
      {may && (
        <ObjectsBulk
          kind={filter.kind}
          selected={selected}
          clusters={clusters}
          onDone={() => setSelected(new Set())}
        />
      )}
      {removing && <Removing row={removing} onClose={() => setRemoving(undefined)} />}
    </>
  );
}

const applyLink = (
  <Link className={buttonClass({ size: "small" })} to={paths.apply()}>
    <FileCode className="icon" aria-hidden="true" />
    {o.list.apply}
  </Link>
);

function NoClusters() {
  return (
    <Empty
      icon={<Boxes className="icon" aria-hidden="true" />}
      title={o.list.noClusters}
      action={
        <Link className={buttonClass({ kind: "primary" })} to={paths.clusters()}>
          {o.list.toClusters}
        </Link>
      }
    >
      {o.list.noClustersWhy}
    </Empty>
  );
}

// What stands in the list: its kind, its clusters, its columns.
function useListing(filter: Filter, setUrl: (change: Change) => void) {
  const known = useClusters();
  const { clusters } = known;
  const ids = useMemo(
    () => (filter.clusters.length > 0 ? filter.clusters : clusters.map(({ id }) => id)),
    [filter.clusters, clusters],
  );
  const kinds = useKinds(ids);
  const kind = kinds.find((each) => each.name === filter.kind);
  const list = useWindows(filter);
  useEffect(() => rememberKind(filter.kind), [filter.kind]);
  const names = useMemo(
    () => (ids.length > 1 ? new Map(clusters.map((each) => [each.id, each.name])) : undefined),
    [ids, clusters],
  );
  const cells = (list.page?.columns ?? kind?.columns ?? []).join();
  const namespaced = kind?.namespaced ?? true;
  const columns = useMemo(
    () =>
      columnsOf({
        kind: filter.kind,
        namespaced,
        clusters: names,
        cells: cells ? cells.split(",") : [],
        onLabel: (part) => setUrl({ labels: toggled(filter.labels, part) }),
      }),
    [filter.kind, filter.labels, namespaced, names, cells, setUrl],
  );
  return { known, clusters, kinds, kind, list, columns, namespaced };
}

type Listing = ReturnType<typeof useListing>;

interface ContentProps {
  listing: Listing;
  filter: Filter;
  hidden: ReadonlySet<string>;
  onChange: (change: Change) => void;
}

function Content({ listing, filter, hidden, onChange }: ContentProps) {
  const { known, clusters, kind, list, columns } = listing;
  const name = kind?.kind ?? plainName(filter.kind);
  if (known.error) return <ProblemPage error={known.error} title={o.list.failed} onRetry={known.retry} />;
  if (!known.loading && clusters.length === 0) return <NoClusters />;
  if (list.total !== undefined)
    return <List {...{ filter, clusters, name, list, hidden, columns, onChange }} />;
  if (list.error !== undefined)
    return <ProblemPage error={list.error} title={o.list.failed} onRetry={list.retry} />;
  return <Skeleton label={t.ui.loading} lines={12} />;
}

/** The objects of a kind, in one cluster, several or all, as they are now. */
export function ObjectsPage() {
  const [url, setUrl] = useUrl();
  const filter = useMemo(() => readFilter(url), [url]);
  const listing = useListing(filter, setUrl);
  const { clusters, kinds, kind, list, columns, namespaced } = listing;
  const may = useMay("clusters.apply");
  const [hidden, show] = useHidden(`unity-columns-${filter.kind}`);
  const { total } = list;
  // The same for as long as nothing of it changes: rows come and go while it is scrolled.
  const end = useMemo(
    () => (
      <>
        <span className="text-sm whitespace-nowrap text-faint" role="status">
          {total !== undefined && o.list.found(total)}
        </span>
        <span className="max-md:hidden">
          <ColumnMenu columns={columns} hidden={hidden} show={show} />
        </span>
      </>
    ),
    [total, columns, hidden, show],
  );
  return (
    <Page
      bare
      title={kind?.kind ?? plainName(filter.kind)}
      crumbs={[{ label: o.clusters, to: paths.clusters() }]}
      action={may && applyLink}
      header={
        <ObjectsFilters
          filter={filter}
          clusters={clusters}
          kinds={kinds}
          namespaced={namespaced}
          onChange={setUrl}
          end={end}
        />
      }
    >
      <main className="list" id="content">
        <Content listing={listing} filter={filter} hidden={hidden} onChange={setUrl} />
      </main>
    </Page>
  );
}
