import { limitsOf, type Measure, passed } from "../../api/limits";
import { useReadings } from "../../api/readings";
import type { Server, Threshold } from "../../api/types";
import { ServerLink, ServerStatus } from "../../layout/ServerCells";
import { t } from "../../locales";
import { celsius, none, percent } from "../../ui/format";
import { Reading } from "../../ui/Meter";
import type { Column } from "../../ui/Table";
import { Time } from "../../ui/Time";

const values = {
  cpu: "cpu_ratio",
  memory: "memory_ratio",
  disk: "disk_ratio",
  temperature: "temperature_c",
} as const;

interface FigureProps {
  server: Server;
  measure: Measure & keyof typeof values;
  thresholds: readonly Threshold[];
}

function Figure({ server, measure, thresholds }: FigureProps) {
  const value = useReadings(server)[values[measure]];
  const over = passed(value, limitsOf(thresholds, server, measure));
  if (value == null) return <span className="text-faint">{none}</span>;
  return measure === "temperature" ? (
    <Reading over={over}>{celsius(value)}</Reading>
  ) : (
    <Reading ratio={value} over={over}>
      {percent(value)}
    </Reading>
  );
}

function Brief({ server }: { server: Server }) {
  const { cpu_ratio, memory_ratio, disk_ratio } = useReadings(server);
  return t.manage.list.brief(percent(cpu_ratio), percent(memory_ratio), percent(disk_ratio));
}

function Seen({ server }: { server: Server }) {
  const { at } = useReadings(server);
  return (
    <Time at={server.state === "up" ? (at ?? server.last_seen) : server.last_seen} className="text-muted" />
  );
}

const address = ({ auth, host, port }: Server) =>
  auth === "local" ? t.manage.list.thisMachine : port === 22 ? host : `${host}:${port}`;

/** The columns that a reason replaces. */
export const figureColumns = ["cpu", "memory", "disk", "temperature"];

/** The columns of the list of servers. */
export function columns(thresholds: readonly Threshold[]): Column<Server>[] {
  const words = t.manage.list;
  const figure = (measure: FigureProps["measure"]): Column<Server> => ({
    key: measure,
    head: words[measure],
    num: true,
    cell: (server) => <Figure server={server} measure={measure} thresholds={thresholds} />,
  });
  return [
    { key: "state", head: words.state, phone: "state", cell: (server) => <ServerStatus server={server} /> },
    { key: "name", head: words.name, phone: "name", cell: (server) => <ServerLink server={server} /> },
    {
      key: "address",
      head: words.address,
      cell: (server) => <span className="mono block max-w-40 clip text-muted">{address(server)}</span>,
    },
    {
      key: "group",
      head: words.group,
      from: "lg",
      cell: (server) => <span className="text-muted">{server.group}</span>,
    },
    {
      key: "tags",
      head: words.tags,
      from: "xl",
      cell: (server) => (
        <span className="row">
          {server.tags.slice(0, 3).map((tag) => (
            <span key={tag} className="tag">
              {tag}
            </span>
          ))}
          {server.tags.length > 3 && <span className="text-faint">+{server.tags.length - 3}</span>}
        </span>
      ),
    },
    figure("cpu"),
    figure("memory"),
    figure("disk"),
    figure("temperature"),
    {
      key: "updates",
      head: words.updates,
      num: true,
      from: "lg",
      cell: ({ facts }) => <span className={facts.updates ? "" : "text-faint"}>{facts.updates ?? none}</span>,
    },
    { key: "sub", head: "", phone: "sub", onlyPhone: true, cell: (server) => <Brief server={server} /> },
    { key: "seen", head: words.seen, num: true, phone: "end", cell: (server) => <Seen server={server} /> },
  ];
}
