import { Link } from "@tanstack/react-router";
import { Plus, Server as ServerIcon, Upload } from "lucide-react";
import { useEffect, useMemo, useState } from "react";

import { api } from "../../api/client";
import { useList } from "../../api/list";
import { useMay } from "../../api/may";
import { useFreshReadings } from "../../api/readings";
import { lookOf, type ServerLook, trouble } from "../../api/severity";
import type { Server } from "../../api/types";
import { Loaded } from "../../layout/Loaded";
import { Page } from "../../layout/Page";
import { ServerReason } from "../../layout/ServerCells";
import { useDashboard } from "../../layout/Shell";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Table } from "../../ui/Table";
import { BulkActions } from "./BulkActions";
import { columns, figureColumns } from "./columns";
import { type Filter, ServersFilters, sorts } from "./ServersFilters";
import { useHidden } from "./useHidden";

const own: readonly ServerLook[] = ["up", "warning", "critical", "stale"]; // of servers that answer
const few = 500; // as many are fetched whole, to show trouble first
const star = ["*"];

const span = (server: Server) =>
  server.state === "up" ? undefined : { columns: figureColumns, content: <ServerReason server={server} /> };

function useServers({ q, tag, state, sort }: Filter) {
  const whole = sort === "trouble";
  const narrow = own.includes(state as ServerLook); // the server only knows that they answer
  const list = useList<Server>("/api/v1/servers", {
    q: q || undefined,
    tag: tag || undefined,
    state: (narrow ? "up" : state) || undefined,
    sort: sort === "newest" ? "newest" : "name",
  });
  const { rows, more } = list;
  const all = whole || narrow;
  useEffect(() => {
    if (all) more?.();
  }, [all, more]);
  const shown = useMemo(() => {
    const now = Date.now();
    const kept = narrow ? rows.filter((server) => lookOf(server, now) === state) : rows;
    if (!whole) return kept;
    return [...kept].sort((a, b) => trouble(lookOf(a, now)) - trouble(lookOf(b, now)));
  }, [rows, narrow, state, whole]);
  return { ...list, rows: shown };
}

const addLink = (kind: "primary" | "default") => (
  <Link
    className={buttonClass({ kind, ...(kind === "default" && { size: "small" }) })}
    to={paths.serverNew()}
  >
    <Plus className="icon" aria-hidden="true" />
    {t.manage.list.add}
  </Link>
);

const actions = (
  <span className="row">
    <Link className={buttonClass({ kind: "quiet", size: "small" })} to={paths.serverImport()}>
      <Upload className="icon" aria-hidden="true" />
      {t.manage.list.importMany}
    </Link>
    {addLink("default")}
  </span>
);

const nothing = (may: boolean) => (
  <Empty
    icon={<ServerIcon className="icon" aria-hidden="true" />}
    title={t.manage.list.empty}
    action={
      may && (
        <>
          {addLink("primary")}
          <Link className={buttonClass()} to={paths.serverImport()}>
            {t.manage.imports.title}
          </Link>
        </>
      )
    }
    hint={
      may && (
        <>
          {t.manage.list.emptyHint} <code>lea@10.20.0.11</code>
        </>
      )
    }
  >
    {t.manage.list.emptyBody}
  </Empty>
);

function useTotal(): number | undefined {
  const counts = useDashboard().data?.servers;
  return (
    counts &&
    counts.up +
      counts.down +
      counts.untrusted +
      counts.unknown +
      counts.warning +
      counts.critical +
      counts.stale
  );
}

function readFilter(url: URLSearchParams, total: number | undefined): Filter {
  const sort = sorts.find((each) => each === url.get("sort")) ?? "trouble";
  return {
    q: url.get("q") ?? "",
    tag: url.get("tag") ?? "",
    state: url.get("state") ?? "",
    sort: sort === "trouble" && (total ?? 0) > few ? "name" : sort,
  };
}

function useColumns() {
  const { data } = api.useQuery("get", "/api/v1/thresholds", { params: { query: { limit: 200 } } });
  return useMemo(() => columns(data?.items ?? []), [data]);
}

const filterText = ({ state, tag, q }: Filter) =>
  [state && t.servers.looks[state as ServerLook], tag, q && `“${q}”`].filter(Boolean).join(", ");

function NoneMatch({ filter, onClear }: { filter: Filter; onClear: () => void }) {
  return (
    <Empty title={t.manage.list.none} action={<Button onClick={onClear}>{t.manage.list.clear}</Button>}>
      {t.manage.list.noneBody} {filterText(filter)}
    </Empty>
  );
}

/** Every server, with what keeps it from being calm first. */
export function ServersPage() {
  const [url, setUrl] = useUrl();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [hidden, toggle] = useHidden();
  const filter = readFilter(url, useTotal());
  const list = useServers(filter);
  const defs = useColumns();
  useFreshReadings(star);
  const may = useMay("servers.write");
  const silences = useMay("alerts.write");
  const filtered = filterText(filter) !== "";
  return (
    <Page
      bare
      title={t.layout.servers}
      action={may && actions}
      header={<ServersFilters filter={filter} hidden={hidden} onChange={setUrl} onToggle={toggle} />}
    >
      <main className="list" id="content">
        <Loaded of={list} failed={t.manage.list.loadFailed} lines={10}>
          {list.rows.length === 0 && !filtered ? (
            nothing(may)
          ) : (
            <Table
              dense
              sticky
              label={t.layout.servers}
              columns={defs}
              rows={list.rows}
              id={(server) => server.id}
              name={(server) => server.name}
              {...((may || silences) && { selected, onSelect: setSelected })}
              hidden={hidden}
              span={span}
              onEnd={list.more}
              empty={
                <NoneMatch
                  filter={filter}
                  onClear={() => setUrl({ q: undefined, tag: undefined, state: undefined })}
                />
              }
            />
          )}
        </Loaded>
      </main>
      <BulkActions
        servers={list.rows.filter((server) => selected.has(server.id))}
        onDone={() => setSelected(new Set())}
      />
    </Page>
  );
}
