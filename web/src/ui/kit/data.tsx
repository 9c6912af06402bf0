import { Server } from "lucide-react";
import { useState } from "react";

import { Banner } from "../Banner";
import { Button } from "../Button";
import { Copy } from "../Copy";
import { Empty, Skeleton } from "../Empty";
import { Facts, Section } from "../Facts";
import { bytes, percent } from "../format";
import { looks, Mark, type State, Status } from "../mark";
import { Progress, Reading } from "../Meter";
import { Sparkline } from "../Sparkline";
import { type Column, Table } from "../Table";
import { Time } from "../Time";

interface Row {
  id: string;
  name: string;
  state: State;
  word: string;
  cpu: number;
  disk: number;
  seen: number;
  reason?: string;
}

const start = Date.now();

const rows: Row[] = [
  {
    id: "1",
    name: "gpu-llm-rtx3090",
    state: "critical",
    word: "Critical",
    cpu: 0.63,
    disk: 0.47,
    seen: start - 2000,
  },
  {
    id: "2",
    name: "weather-station-pi-zero",
    state: "down",
    word: "Down",
    cpu: 0,
    disk: 0,
    seen: start - 11_000_000,
    reason: "no route to host",
  },
  {
    id: "3",
    name: "nas-attic-zfs-01",
    state: "warning",
    word: "Warning",
    cpu: 0.14,
    disk: 0.88,
    seen: start - 2000,
  },
  {
    id: "4",
    name: "test-debian13-template-do-not-delete-2026-11-and-a-very-long-name",
    state: "up",
    word: "Up",
    cpu: 0.06,
    disk: 0.31,
    seen: start,
  },
];

const spark = Array.from(
  { length: 40 },
  (_, i) => [start - (40 - i) * 60_000, 0.2 + 0.15 * Math.sin(i / 3)] as const,
);

const columns: Column<Row>[] = [
  {
    key: "state",
    head: "State",
    phone: "state",
    sort: (row) => row.word,
    cell: (row) => <Status look={row.state}>{row.word}</Status>,
  },
  {
    key: "name",
    head: "Name",
    phone: "name",
    sort: (row) => row.name,
    cell: (row) => (
      <a href="#kit" title={row.name}>
        {row.name}
      </a>
    ),
  },
  { key: "spark", head: "CPU, 1 h", cell: () => <Sparkline points={spark} max={1} /> },
  {
    key: "cpu",
    head: "CPU",
    num: true,
    sort: (row) => row.cpu,
    cell: (row) => <Reading ratio={row.cpu}>{percent(row.cpu)}</Reading>,
  },
  {
    key: "disk",
    head: "Disk",
    num: true,
    sort: (row) => row.disk,
    cell: (row) => (
      <Reading ratio={row.disk} over={row.disk > 0.85 ? looks.warning : undefined}>
        {percent(row.disk)}
      </Reading>
    ),
  },
  {
    key: "sub",
    head: "",
    phone: "sub",
    onlyPhone: true,
    cell: (row) => `CPU ${percent(row.cpu)} · Disk ${percent(row.disk)}`,
  },
  {
    key: "seen",
    head: "Seen",
    num: true,
    phone: "end",
    cell: (row) => <Time at={row.seen} className="text-muted" />,
  },
];

const many: Row[] = Array.from({ length: 30_000 }, (_, i) => ({
  id: String(i),
  name: `pod-${String(i).padStart(5, "0")}`,
  state: "up" as const,
  word: "Up",
  cpu: (i % 97) / 100,
  disk: (i % 89) / 100,
  seen: start - i * 1000,
}));

function Lists() {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set(["3"]));
  return (
    <>
      <Section title="Table" count={rows.length}>
        <Table
          label="Servers"
          columns={columns}
          rows={rows}
          id={(row) => row.id}
          name={(row) => row.name}
          selected={selected}
          onSelect={setSelected}
          sort={{ by: "state", desc: false }}
          span={(row) =>
            row.reason ? { columns: ["spark", "cpu", "disk"], content: row.reason } : undefined
          }
        />
      </Section>
      <div className="mt-8 grid gap-8 md:grid-cols-2">
        <Section title="Groups">
          <Table
            label="Groups"
            columns={columns.slice(0, 2)}
            rows={rows}
            id={(row) => row.id}
            group={(row) => ({ key: row.state, head: row.word })}
          />
        </Section>
        <Section title="Nothing left" className="mt-0!">
          <Table
            label="None"
            columns={columns}
            rows={[]}
            id={(row: Row) => row.id}
            empty={
              <Empty title="None of 40 servers match" action={<Button>Clear filters</Button>}>
                Filters: state Down, “zfs”
              </Empty>
            }
          />
        </Section>
      </div>
    </>
  );
}

function LongList() {
  const [shown, setShown] = useState(false);
  return (
    <Section
      title="Long list"
      count={many.length}
      end={
        <Button size="small" onClick={() => setShown(!shown)}>
          {shown ? "Hide" : "Show"} 30,000 rows
        </Button>
      }
    >
      {shown && <Table label="Pods" columns={columns} rows={many} id={(row) => row.id} dense />}
    </Section>
  );
}

function States() {
  return (
    <div className="mt-8 grid gap-8 md:grid-cols-2">
      <Section title="Empty">
        <div className="box">
          <Empty
            icon={<Server className="icon" />}
            title="No servers yet"
            action={<Button kind="primary">Add server</Button>}
            hint={
              <>
                For example <code>lea@10.20.0.11</code>
              </>
            }
          >
            Anything that speaks SSH can be watched; nothing is installed on it.
          </Empty>
        </div>
      </Section>
      <Section title="Error" className="mt-0!">
        <div className="box">
          <Empty
            alert
            icon={<Mark shape="diamond" tone="critical" />}
            title="pve-03 refused the key"
            action={<Button>Try again</Button>}
            hint={
              <span className="row">
                <code>server.auth_refused</code>
                <Copy text="server.auth_refused" label="Copy code" />
              </span>
            }
          >
            It answers on port 22, but user unity may not sign in with homelab-ed25519. The key may have been
            removed from authorized_keys.
          </Empty>
        </div>
      </Section>
      <Section title="Loading, after 300 ms">
        <Skeleton label="Loading servers" />
      </Section>
      <Section title="Facts" className="mt-0!">
        <Facts
          facts={[
            ["Kernel", "6.12.57+deb13-amd64"],
            ["Memory", bytes(68_719_476_736)],
            ["Nothing", null],
            ["Host key", <code key="k">SHA256:9fJ2qWz0c1pG8mX5sVtK4hLr7yNbE3uAoD6iRkTQ2Zw</code>],
          ]}
        />
      </Section>
      <Section title="Banners">
        <div className="grid gap-2">
          <Banner
            look="warning"
            title="Warning: /tank/media is 88 % full."
            action={
              <a className="link" href="#kit">
                Open alert
              </a>
            }
          >
            Over 88 % since 17:38.
          </Banner>
          <Banner
            look="down"
            title="No connection since 18:00:54."
            action={<Button size="small">Try now</Button>}
          >
            What you see is from then.
          </Banner>
          <Banner look="stale" title="Stale since 17:35.">
            The connection was lost.
          </Banner>
          <Banner look="untrusted" title="The host key changed.">
            Compare the fingerprint before trusting it.
          </Banner>
          <Banner look="ok" title="Found 9,214 restore points." />
        </div>
      </Section>
      <Section title="Job" className="mt-0!">
        <div className="row mb-2">
          <span className="font-medium">Scan of 12 servers</span>
          <span className="ml-auto text-sm text-muted">7 of 12</span>
        </div>
        <Progress done={7} total={12} label="Scan of 12 servers" />
        <ol className="steps mt-2">
          <li>
            <Mark shape="check" tone="ok" />
            Hardware and system<span className="end">12 of 12</span>
          </li>
          <li className="doing">
            <Mark shape="half" tone="info" />
            Packages<span className="end">7 of 12</span>
          </li>
          <li>
            <Mark shape="ring" />
            Units and ports<span className="end">waiting</span>
          </li>
        </ol>
        <div className="log mt-2">
          {"18:01:07 gitea     2 updates waiting\n18:01:08 immich    up to date"}
        </div>
      </Section>
    </div>
  );
}

/** Tables, facts, banners and what stands where nothing is. */
export function Data() {
  return (
    <>
      <Lists />
      <LongList />
      <States />
    </>
  );
}
