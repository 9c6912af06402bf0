import { Link } from "@tanstack/react-router";
import { LayoutGrid, List } from "lucide-react";
import { useMemo } from "react";

import { useHistory } from "../../api/history";
import { limitsOf, type Measure, passed } from "../../api/limits";
import { useReadings } from "../../api/readings";
import { lookOf, trouble } from "../../api/severity";
import type { Server, Threshold } from "../../api/types";
import { ServerLink, ServerReason, ServerStatus, useLook } from "../../layout/ServerCells";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Section } from "../../ui/Facts";
import { percent } from "../../ui/format";
import { looks, Mark } from "../../ui/mark";
import { Reading } from "../../ui/Meter";
import { Segmented } from "../../ui/Segmented";
import { Sparkline } from "../../ui/Sparkline";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";

const hour = 3_600_000;
const most = 14;
const busy = ["node_cpu_usage_ratio"];

function Cpu({ server }: { server: Server }) {
  const { series, shown } = useHistory({
    server: server.id,
    metrics: busy,
    span: hour,
    since: Date.parse(server.created_at),
  });
  return <Sparkline points={series[0]?.points ?? []} max={1} from={shown.from} to={shown.to} />;
}

const ratios = { cpu: "cpu_ratio", memory: "memory_ratio", disk: "disk_ratio" } as const;

interface FigureProps {
  server: Server;
  measure: Measure & keyof typeof ratios;
  thresholds: readonly Threshold[];
  meter?: boolean;
}

function Figure({ server, measure, thresholds, meter }: FigureProps) {
  const value = useReadings(server)[ratios[measure]];
  const stale = useLook(server) === "stale"; // old figures stay and turn faint
  return (
    <Reading
      className={stale ? "text-faint" : undefined}
      ratio={meter ? value : undefined}
      over={passed(value, limitsOf(thresholds, server, measure))}
    >
      {percent(value)}
    </Reading>
  );
}

function Brief({ server }: { server: Server }) {
  const { cpu_ratio, memory_ratio } = useReadings(server);
  return t.system.brief(percent(cpu_ratio), percent(memory_ratio));
}

function Seen({ server }: { server: Server }) {
  const { at } = useReadings(server);
  return (
    <Time at={server.state === "up" ? (at ?? server.last_seen) : server.last_seen} className="text-muted" />
  );
}

function columns(thresholds: readonly Threshold[]): Column<Server>[] {
  const { state, name, cpu, memory, disk, seen } = t.system.columns;
  return [
    { key: "state", head: state, phone: "state", cell: (server) => <ServerStatus server={server} /> },
    { key: "name", head: name, phone: "name", cell: (server) => <ServerLink server={server} /> },
    { key: "spark", head: cpu, cell: (server) => <Cpu server={server} /> },
    {
      key: "cpu",
      head: "",
      num: true,
      cell: (server) => <Figure server={server} measure="cpu" thresholds={thresholds} />,
    },
    {
      key: "memory",
      head: memory,
      num: true,
      cell: (server) => <Figure meter server={server} measure="memory" thresholds={thresholds} />,
    },
    {
      key: "disk",
      head: disk,
      num: true,
      cell: (server) => <Figure meter server={server} measure="disk" thresholds={thresholds} />,
    },
    { key: "sub", head: "", phone: "sub", onlyPhone: true, cell: (server) => <Brief server={server} /> },
    { key: "seen", head: seen, num: true, phone: "end", cell: (server) => <Seen server={server} /> },
  ];
}

const span = (server: Server) =>
  server.state === "up"
    ? undefined
    : { columns: ["spark", "cpu", "memory", "disk"], content: <ServerReason server={server} /> };

function Tile({ server }: { server: Server }) {
  const look = useLook(server);
  const { shape, tone } = looks[look];
  return (
    <li>
      <span className="row">
        <Mark shape={shape} tone={tone} />
        <Link
          className="clip flex-1 font-medium hover:underline"
          to={paths.server(server.id)}
          title={server.name}
        >
          {server.name}
        </Link>
      </span>
      <span className="row text-sm text-muted">
        <span className="flex-1">{t.servers.looks[look]}</span>
        <span className="clip">{server.state === "up" ? <Brief server={server} /> : server.reason}</span>
      </span>
      <Cpu server={server} />
    </li>
  );
}

interface TroubleProps {
  servers: readonly Server[];
  total: number;
  thresholds: readonly Threshold[];
}

/** The servers that need a look, then the others, as many as a screen holds. */
export function TroubleList({ servers, total, thresholds }: TroubleProps) {
  const [params, setParams] = useUrl();
  const view = params.get("view") === "grid" ? "grid" : "list";
  const defs = useMemo(() => columns(thresholds), [thresholds]);
  const rows = useMemo(() => {
    const now = Date.now();
    const rank = (server: Server) => trouble(lookOf(server, now));
    return [...servers].sort((a, b) => rank(a) - rank(b)).slice(0, view === "grid" ? most * 3 : most);
  }, [servers, view]);
  const end = (
    <>
      <span className="text-sm text-faint max-md:hidden">{t.system.troubleFirst}</span>
      <Segmented
        label={t.system.view}
        value={view}
        onChange={(next) => setParams({ view: next === "grid" ? next : undefined })}
        options={[
          { value: "list", name: t.system.list, label: <List className="icon" aria-hidden="true" /> },
          { value: "grid", name: t.system.grid, label: <LayoutGrid className="icon" aria-hidden="true" /> },
        ]}
      />
    </>
  );
  return (
    <Section className="o2" title={t.system.servers} count={total} end={end}>
      {view === "list" ? (
        <Table label={t.system.servers} columns={defs} rows={rows} id={(server) => server.id} span={span} />
      ) : (
        <ul className="box tiles">
          {rows.map((server) => (
            <Tile key={server.id} server={server} />
          ))}
        </ul>
      )}
      <p className="py-3 text-sm">
        <Link className="link no-underline!" to={paths.servers()}>
          {t.system.all(total)}
        </Link>
      </p>
    </Section>
  );
}
