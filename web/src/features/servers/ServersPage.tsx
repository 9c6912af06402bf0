import { Link } from "@tanstack/react-router";
import { ChevronDown, Columns3, Plus, Server as ServerIcon, Upload } from "lucide-react";
import { useEffect, useMemo, useState } from "react";

import { api } from "../../api/client";
import { useList } from "../../api/list";
import { useFreshReadings } from "../../api/readings";
import { lookOf, type ServerLook, trouble } from "../../api/severity";
import type { Server, Threshold } from "../../api/types";
import { FilterInput } from "../../layout/FilterInput";
import { Page } from "../../layout/Page";
import { ProblemPage } from "../../layout/Problem";
import { ServerReason } from "../../layout/ServerCells";
import { useDashboard } from "../../layout/Shell";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/Empty";
import { looks, Mark } from "../../ui/mark";
import { Menu, MenuCheck, MenuChoice } from "../../ui/Menu";
import { Chip } from "../../ui/Segmented";
import { Table } from "../../ui/Table";
import { BulkActions } from "./BulkActions";
import { columns, figureColumns } from "./columns";
import { useHidden } from "./useHidden";

const chips = ["up", "warning", "critical", "down", "untrusted", "stale"] as const;
const own: readonly ServerLook[] = ["warning", "critical", "stale"]; // of servers that answer
const sorts = ["trouble", "name", "newest"] as const;
const few = 500; // as many are fetched whole, to show trouble first
const star = ["*"];

type Sort = (typeof sorts)[number];

const span = (server: Server) =>
  server.state === "up" ? undefined : { columns: figureColumns, content: <ServerReason server={server} /> };

function useServers(filter: { q: string; tag: string; state: string; sort: Sort }, whole: boolean) {
  const { q, tag, state, sort } = filter;
  const wanted = own.includes(state as ServerLook) ? "up" : state;
  const list = useList<Server>("/api/v1/servers", {
    q: q || undefined,
    tag: tag || undefined,
    state: wanted || undefined,
    sort: sort === "newest" ? "newest" : "name",
  });
  const { rows, more } = list;
  const all = whole || wanted !== state;
  useEffect(() => {
    if (all) more?.();
  }, [all, more]);
  const shown = useMemo(() => {
    const now = Date.now();
    const kept = wanted === state ? rows : rows.filter((server) => lookOf(server, now) === state);
    if (sort !== "trouble" || !whole) return kept;
    return [...kept].sort((a, b) => trouble(lookOf(a, now)) - trouble(lookOf(b, now)));
  }, [rows, wanted, state, sort, whole]);
  return { ...list, rows: shown };
}

function StateChips({ state, onChange }: { state: string; onChange: (state: string) => void }) {
  const counts = useDashboard().data?.servers;
  return chips.map((each) => {
    const count = counts?.[each];
    if (!count && state !== each && each !== "up") return null;
    const { shape, tone } = looks[each];
    return (
      <Chip key={each} count={count} pressed={state === each} onPress={(on) => onChange(on ? each : "")}>
        <Mark shape={shape} tone={tone} />
        {t.servers.looks[each]}
      </Chip>
    );
  });
}

function TagMenu({ tag, onChange }: { tag: string; onChange: (tag: string) => void }) {
  const tags = api.useQuery("get", "/api/v1/servers/tags").data?.items ?? [];
  if (tags.length === 0 && !tag) return null;
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className="chip" aria-pressed={tag !== ""}>
          {t.manage.list.tag}: <b>{tag || t.manage.list.anyTag}</b>
          <ChevronDown className="icon" aria-hidden="true" />
        </button>
      }
    >
      <MenuChoice
        value={tag}
        onChange={onChange}
        options={[
          { value: "", label: t.manage.list.anyTag },
          ...tags.map((each) => ({
            value: each.tag,
            label: (
              <span className="row">
                <span className="flex-1">{each.tag}</span>
                <span className="text-faint">{each.count}</span>
              </span>
            ),
          })),
        ]}
      />
    </Menu>
  );
}

function SortMenu({ sort, onChange }: { sort: Sort; onChange: (sort: Sort) => void }) {
  return (
    <Menu
      trigger={
        <button type="button" className="chip">
          {t.manage.list.sort}: <b>{t.manage.list.sorts[sort]}</b>
          <ChevronDown className="icon" aria-hidden="true" />
        </button>
      }
    >
      <MenuChoice
        value={sort}
        onChange={onChange}
        options={sorts.map((value) => ({ value, label: t.manage.list.sorts[value] }))}
      />
    </Menu>
  );
}

const optional = ["address", "group", "tags", "cpu", "memory", "disk", "temperature", "updates"] as const;

function ColumnMenu({ hidden, onToggle }: { hidden: ReadonlySet<string>; onToggle: (key: string) => void }) {
  return (
    <Menu
      trigger={
        <button
          type="button"
          className="btn quiet only max-md:hidden"
          aria-label={t.manage.list.columns}
          title={t.manage.list.columns}
        >
          <Columns3 className="icon" aria-hidden="true" />
        </button>
      }
    >
      {optional.map((key) => (
        <MenuCheck key={key} checked={!hidden.has(key)} onChange={() => onToggle(key)}>
          {t.manage.list[key]}
        </MenuCheck>
      ))}
    </Menu>
  );
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

const nothing = (
  <Empty
    icon={<ServerIcon className="icon" aria-hidden="true" />}
    title={t.manage.list.empty}
    action={
      <>
        {addLink("primary")}
        <Link className={buttonClass()} to={paths.serverImport()}>
          {t.manage.imports.title}
        </Link>
      </>
    }
    hint={
      <>
        {t.manage.list.emptyHint} <code>lea@10.20.0.11</code>
      </>
    }
  >
    {t.manage.list.emptyBody}
  </Empty>
);

const noThresholds: readonly Threshold[] = [];

/** Every server, with what keeps it from being calm first. */
export function ServersPage() {
  const [url, setUrl] = useUrl();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [hidden, toggle] = useHidden();
  const counts = useDashboard().data?.servers;
  const total = counts ? counts.up + counts.down + counts.untrusted + counts.unknown : undefined;
  const [q, tag, state] = [url.get("q") ?? "", url.get("tag") ?? "", url.get("state") ?? ""];
  const asked = sorts.find((each) => each === url.get("sort")) ?? "trouble";
  const sort = asked === "trouble" && total !== undefined && total > few ? "name" : asked;
  const list = useServers({ q, tag, state, sort }, sort === "trouble");
  const thresholds = api.useQuery("get", "/api/v1/thresholds", { params: { query: { limit: 200 } } }).data
    ?.items;
  const defs = useMemo(() => columns(thresholds ?? noThresholds), [thresholds]);
  useFreshReadings(star);
  const filtered = q !== "" || tag !== "" || state !== "";
  const clear = () => setUrl({ q: undefined, tag: undefined, state: undefined });
  const chosen = list.rows.filter((server) => selected.has(server.id));
  return (
    <Page
      bare
      title={t.layout.servers}
      action={
        <span className="row">
          <Link className={buttonClass({ kind: "quiet", size: "small" })} to={paths.serverImport()}>
            <Upload className="icon" aria-hidden="true" />
            {t.manage.list.importMany}
          </Link>
          {addLink("default")}
        </span>
      }
      header={
        <div className="filters">
          <FilterInput label={t.manage.list.filter} value={q} onChange={(text) => setUrl({ q: text })} />
          <Link className="chip md:hidden" to={paths.serverNew()} aria-label={t.manage.list.add}>
            <Plus className="icon" aria-hidden="true" />
          </Link>
          <StateChips state={state} onChange={(next) => setUrl({ state: next })} />
          <TagMenu tag={tag} onChange={(next) => setUrl({ tag: next })} />
          <span className="flex-1 max-md:hidden" />
          <SortMenu
            sort={sort}
            onChange={(next) => setUrl({ sort: next === "trouble" ? undefined : next })}
          />
          <ColumnMenu hidden={hidden} onToggle={toggle} />
        </div>
      }
    >
      <main className="list" id="content">
        {list.error && (
          <ProblemPage error={list.error} title={t.manage.list.loadFailed} onRetry={list.retry} />
        )}
        {list.loading && <Skeleton label={t.ui.loading} lines={10} />}
        {!list.error && !list.loading && list.rows.length === 0 && !filtered && nothing}
        {!list.error && !list.loading && (list.rows.length > 0 || filtered) && (
          <Table
            dense
            sticky
            label={t.layout.servers}
            columns={defs}
            rows={list.rows}
            id={(server) => server.id}
            name={(server) => server.name}
            selected={selected}
            onSelect={setSelected}
            hidden={hidden}
            span={span}
            onEnd={list.more}
            empty={
              <Empty
                title={t.manage.list.none}
                action={<Button onClick={clear}>{t.manage.list.clear}</Button>}
              >
                {t.manage.list.noneBody}{" "}
                {[state && t.servers.looks[state as ServerLook], tag, q && `“${q}”`]
                  .filter(Boolean)
                  .join(", ")}
              </Empty>
            }
          />
        )}
      </main>
      <BulkActions servers={chosen} onDone={() => setSelected(new Set())} />
    </Page>
  );
}
