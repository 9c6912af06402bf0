import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";

import { type History, type Span, useHistory } from "../../api/history";
import { type Limit, limitsOf, lines, type Measure, passed } from "../../api/limits";
import type { ServerLook } from "../../api/severity";
import type { Alert, Server, Snapshot, Threshold } from "../../api/types";
import { ProblemPage } from "../../layout/Problem";
import { useLook } from "../../layout/ServerCells";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Chart, type ChartMark, type ChartSeries } from "../../ui/Chart";
import { Section } from "../../ui/Facts";
import { bytes, bytesAxis, celsius, clock, duration, number, percent, rate, when } from "../../ui/format";
import { Status } from "../../ui/mark";
import { Reading } from "../../ui/Meter";
import { Segmented } from "../../ui/Segmented";
import { type Column, Table } from "../../ui/Table";
import { fullness, heat, metrics, type Mount, mounts, plain, share, traffic, transfer } from "./measures";
import { serverAlertsQuery, snapshotQuery, thresholdsQuery } from "./queries";
import { type Range, ranges } from "./search";
import { useServer } from "./ServerPage";

const route = getRouteApi("/shell/servers/$id/");

interface Plot {
  title: string;
  series: ChartSeries[];
  measure?: Measure;
  format: (value: number) => string;
  axis?: (value: number) => string;
  max?: number;
  base?: 1000 | 1024;
}

const one = (points: ChartSeries["points"], label = ""): ChartSeries[] => [{ label, points }];

/** What the series say, as charts; a chart without a point is left out, but for CPU and memory. */
function plots(all: readonly History[]): Plot[] {
  const c = t.servers.chart;
  const used = share(plain(all, "node_memory_used_bytes"), plain(all, "node_memory_total_bytes"));
  const swap = share(plain(all, "node_swap_used_bytes"), plain(all, "node_swap_total_bytes"));
  const load = [
    { label: c.load1, points: plain(all, "node_load1") },
    { label: c.load5, points: plain(all, "node_load5") },
    { label: c.load15, points: plain(all, "node_load15") },
  ];
  const network = [
    { label: c.received, points: traffic(all, "node_network_receive_bytes_total") },
    { label: c.sent, points: traffic(all, "node_network_transmit_bytes_total") },
  ];
  const disk = [
    { label: c.read, points: transfer(all, "node_disk_read_bytes_total") },
    { label: c.written, points: transfer(all, "node_disk_written_bytes_total") },
  ];
  const ratio = { format: percent, max: 1 };
  const flow = { format: rate, axis: bytesAxis, base: 1024 as const };
  const list: Plot[] = [
    { title: c.cpu, series: one(plain(all, "node_cpu_usage_ratio")), measure: "cpu", ...ratio },
    { title: c.memory, series: one(used), measure: "memory", ...ratio },
    { title: c.load, series: load, measure: "load", format: number },
    { title: c.swap, series: one(swap), measure: "swap", ...ratio },
    { title: c.network, series: network, measure: "receive", ...flow },
    { title: c.diskRate, series: disk, measure: "read", ...flow },
    { title: c.disk, series: fullness(all), measure: "disk", ...ratio },
    { title: c.temperature, series: heat(all), measure: "temperature", format: celsius },
  ];
  return list.filter(({ series }, i) => i < 2 || series.some(({ points }) => points.length > 0));
}

function marksOf(alerts: readonly Alert[]): ChartMark[] {
  return alerts.flatMap(({ fired_at, severity, title }) =>
    fired_at ? [{ at: Date.parse(fired_at), look: severity, title }] : [],
  );
}

interface ChartsProps {
  server: Server;
  span: number | Span;
  thresholds: readonly Threshold[];
  snapshot: Snapshot | undefined;
  onZoom: (from: number, to: number) => void;
}

function Charts({ server, span, thresholds, snapshot, onZoom }: ChartsProps) {
  const { series, shown, step, query } = useHistory({
    server: server.id,
    metrics,
    span,
    since: Date.parse(server.created_at),
  });
  const alerts = useQuery(serverAlertsQuery(server.id, "all", 50)).data?.items ?? [];
  const marks = marksOf(alerts);
  const gap = Math.max(step * 3, (server.poll_seconds || 15) * 4, 60) * 1000;
  if (query.error) return <ProblemPage error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <>
      {query.data?.warming && <p className="mb-3 text-sm text-muted">{t.servers.warming}</p>}
      <div className="charts">
        {plots(series).map(({ measure, ...plot }) => (
          <Chart
            key={plot.title}
            {...plot}
            from={shown.from}
            to={shown.to}
            gap={gap}
            sync={server.id}
            marks={marks}
            limits={measure ? lines(limitsOf(thresholds, server, measure), plot.format) : []}
            onZoom={onZoom}
          />
        ))}
      </div>
      <Disks
        server={server}
        rows={mounts(series)}
        snapshot={snapshot}
        limits={limitsOf(thresholds, server, "disk")}
      />
    </>
  );
}

interface DisksProps {
  server: Server;
  rows: readonly Mount[];
  snapshot: Snapshot | undefined;
  limits: readonly Limit[];
}

function Disks({ rows, snapshot, limits }: DisksProps) {
  if (rows.length === 0) return null;
  const known = new Map((snapshot?.sections.mounts ?? []).map((each) => [each.mountpoint, each]));
  const c = t.servers.disk;
  const ratio = ({ used, size }: Mount) => (size > 0 ? used / size : 0);
  const columns: Column<Mount>[] = [
    {
      key: "mount",
      head: c.mount,
      phone: "name",
      sort: (row) => row.mount,
      cell: (row) => (
        <span className="font-medium" title={row.mount}>
          {row.mount}
        </span>
      ),
    },
    {
      key: "device",
      head: c.device,
      from: "lg",
      cell: ({ mount }) => <span className="mono text-muted">{known.get(mount)?.device}</span>,
    },
    {
      key: "type",
      head: c.type,
      cell: ({ mount }) => <span className="text-muted">{known.get(mount)?.type}</span>,
    },
    { key: "size", head: c.size, num: true, sort: (row) => row.size, cell: (row) => bytes(row.size) },
    { key: "used", head: c.used, num: true, sort: (row) => row.used, cell: (row) => bytes(row.used) },
    {
      key: "free",
      head: c.free,
      num: true,
      phone: "end",
      sort: (row) => row.size - row.used,
      cell: (row) => bytes(row.size - row.used),
    },
    {
      key: "sub",
      head: "",
      phone: "sub",
      onlyPhone: true,
      cell: (row) => c.of(bytes(row.used), bytes(row.size)),
    },
    {
      key: "use",
      head: c.use,
      num: true,
      phone: "state",
      sort: ratio,
      cell: (row) => (
        <Reading ratio={ratio(row)} over={passed(ratio(row), limits)}>
          {percent(ratio(row))}
        </Reading>
      ),
    },
  ];
  return (
    <Section className="mt-8" title={t.servers.disks} count={rows.length}>
      <Table label={t.servers.disks} columns={columns} rows={rows} id={(row) => row.mount} />
    </Section>
  );
}

/** What keeps a server from being watched; nothing for one that answers. */
function Unreached({ server, look }: { server: Server; look: ServerLook }) {
  const b = t.servers.banner;
  const key = (
    <Link className="link whitespace-nowrap" to={paths.serverSettings(server.id)}>
      {t.servers.checkKey}
    </Link>
  );
  switch (look) {
    case "untrusted":
      return (
        <Banner look="untrusted" title={b.untrusted} action={key}>
          {b.untrustedWhy}
        </Banner>
      );
    case "down":
      return (
        <Banner look="down" title={b.down(server.name, when(server.state_since, Date.now()))}>
          {server.reason}
        </Banner>
      );
    case "stale":
      return (
        <Banner look="stale" title={b.stale(when(server.last_seen ?? server.state_since, Date.now()))}>
          {b.staleWhy}
        </Banner>
      );
    default:
      return <Banner look="unknown" title={b.unknown} />;
  }
}

/** The worst open alert. */
function Worst({ server }: { server: Server }) {
  const open =
    useQuery(serverAlertsQuery(server.id, "open", 20)).data?.items.filter(
      (alert) => alert.state === "firing",
    ) ?? [];
  const worst =
    open.find((alert) => alert.severity === "critical") ?? open.find((alert) => alert.severity === "warning");
  if (!worst) return null;
  const b = t.servers.banner;
  const link = (
    <Link className="link whitespace-nowrap" to={paths.alert(worst.id)}>
      {b.open}
    </Link>
  );
  return (
    <Banner
      look={worst.severity}
      title={`${t.servers.severity[worst.severity]}: ${(worst.message || worst.title).replace(/\.$/, "")}.`}
      action={link}
    >
      {b.since(when(worst.fired_at ?? worst.started_at, Date.now()))}{" "}
      {open.length > 1 && b.more(open.length - 1)}
    </Banner>
  );
}

function Trouble({ server }: { server: Server }) {
  const look = useLook(server);
  if (look === "up" || look === "warning" || look === "critical") return <Worst server={server} />;
  return <Unreached server={server} look={look} />;
}

interface RangeBarProps {
  server: Server;
  range: Range;
  zoomed: Span | undefined;
  onChoose: (range: Range) => void;
}

function RangeBar({ server, range, zoomed, onChoose }: RangeBarProps) {
  const options = ranges.map((value) => ({ value, label: t.servers.ranges[value] }));
  return (
    <div className="head mb-3">
      <Segmented label={t.servers.range} value={range} onChange={onChoose} options={options} />
      {zoomed && (
        <>
          <span className="text-sm text-muted">
            {t.servers.zoomed(when(zoomed.from, Date.now()), clock(zoomed.to))}
          </span>
          <Button size="small" onClick={() => onChoose(range)}>
            {t.servers.showAll}
          </Button>
        </>
      )}
      {server.state === "up" && server.poll_seconds > 0 && (
        <Status look="ok" className="ml-auto text-sm text-muted max-md:hidden">
          {t.servers.every(duration(server.poll_seconds))}
        </Status>
      )}
    </div>
  );
}

/** Charts of the last hours, the disks, and what is wrong. */
export function ServerOverview() {
  const server = useServer();
  const { range = "1h", from, to } = route.useSearch();
  const navigate = route.useNavigate();
  const thresholds = useQuery(thresholdsQuery()).data?.items ?? none;
  const snapshot = useQuery({ ...snapshotQuery(server?.id ?? ""), enabled: server !== undefined }).data;
  if (!server) return null;
  const zoomed = from !== undefined && to !== undefined ? { from, to } : undefined;
  const kept = range === "1h" ? {} : { range };
  return (
    <>
      <div className="mb-4 empty:hidden">
        <Trouble server={server} />
      </div>
      <RangeBar
        server={server}
        range={range}
        zoomed={zoomed}
        onChoose={(next) => void navigate({ search: next === "1h" ? {} : { range: next } })}
      />
      <Charts
        key={`${server.id} ${range} ${from} ${to}`}
        server={server}
        span={zoomed ?? length[range]}
        thresholds={thresholds}
        snapshot={snapshot}
        onZoom={(a, b) => void navigate({ search: { ...kept, from: a, to: b } })}
      />
    </>
  );
}

const none: never[] = [];
const hour = 3_600_000;
const length: Record<Range, number> = { "1h": hour, "6h": 6 * hour, "24h": 24 * hour, "7d": 168 * hour };
