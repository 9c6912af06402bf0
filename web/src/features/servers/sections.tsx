import type { ReactNode } from "react";

import type { Snapshot } from "../../api/types";
import { t } from "../../locales";
import type { Fact } from "../../ui/Facts";
import { bytes, number } from "../../ui/format";
import { Status } from "../../ui/mark";
import type { Column, Sort } from "../../ui/Table";
import type { Section } from "./search";

/** A row of any list: its cells by column. */
interface Row {
  key: string;
  [column: string]: string | number;
}

interface List {
  facts?: undefined;
  rows: Row[];
  columns: Column<Row>[];
  sort: Sort;
  text: (row: Row) => string;
}

interface Sheet {
  facts: Fact[];
}

type Shown = Sheet | List;

interface Def {
  key: string;
  head: string;
  num?: boolean;
  mono?: boolean;
  phone?: "name" | "sub" | "end" | "state";
  from?: "lg" | "xl";
  cell?: (row: Row) => ReactNode;
}

/** Columns that show what is in their rows and sort by it. */
function list(rows: Row[], defs: readonly Def[]): List {
  const columns = defs.map(({ key, head, num, mono, phone, from, cell }): Column<Row> => ({
    key,
    head,
    ...(num && { num }),
    ...(phone && { phone }),
    ...(from && { from }),
    sort: (row) => row[key],
    cell:
      cell ??
      ((row) => (
        <span className={phone === "name" ? "font-medium" : mono ? "mono text-muted" : "text-muted"}>
          {row[key] || "–"}
        </span>
      )),
  }));
  const first = defs.find((def) => def.phone === "name") ?? defs[0];
  return {
    rows,
    columns,
    sort: { by: first?.key ?? "", desc: false },
    text: (row) => Object.values(row).join(" "),
  };
}

const f = t.servers.facts;
type Sections = Snapshot["sections"];

function hardware({ hardware: h }: Sections): Sheet {
  if (!h) return { facts: [] };
  return {
    facts: [
      [f.machine, [h.vendor, h.product].filter(Boolean).join(" ")],
      [f.board, h.board],
      [f.bios, h.bios],
      [
        f.processor,
        h.cpu_model &&
          `${h.cpu_sockets > 1 ? `${h.cpu_sockets} × ` : ""}${h.cpu_model}, ${f.cores(h.cpu_cores, h.cpu_threads)}`,
      ],
      [f.memory, h.memory_bytes > 0 ? bytes(h.memory_bytes) : ""],
      [f.virtualization, h.virtualization],
    ],
  };
}

function system({ os }: Sections): Sheet {
  if (!os) return { facts: [] };
  const updates =
    os.updates === null ? (
      ""
    ) : os.updates === 0 ? (
      f.upToDate
    ) : (
      <Status look="warning">{f.waiting(os.updates)}</Status>
    );
  return {
    facts: [
      [f.system, os.name],
      [f.kernel, os.kernel],
      [f.arch, os.arch],
      [f.hostname, os.hostname],
      [f.updates, updates],
      [f.reboot, os.reboot_needed ? <Status look="warning">{f.yes}</Status> : f.no],
    ],
  };
}

function disks({ disks: all = [] }: Sections): List {
  return list(
    all.map((d) => ({
      key: d.name,
      name: d.name,
      model: d.model,
      kind: d.removable ? `${d.kind}, ${f.removable}` : d.kind,
      size: d.size_bytes,
    })),
    [
      { key: "name", head: f.name, phone: "name" },
      { key: "model", head: f.model, phone: "sub" },
      { key: "kind", head: f.kind, phone: "end" },
      { key: "size", head: f.size, num: true, phone: "state", cell: (row) => bytes(Number(row["size"])) },
    ],
  );
}

function network({ network: all = [] }: Sections): List {
  return list(
    all.map((n) => ({
      key: n.name,
      name: n.name,
      state: n.state,
      addresses: n.addresses.join(", "),
      mac: n.mac,
      gateway: n.gateway ?? "",
      speed: n.speed_mbits,
    })),
    [
      { key: "name", head: f.name, phone: "name" },
      { key: "state", head: f.state, phone: "state" },
      { key: "addresses", head: f.addresses, phone: "sub", mono: true },
      { key: "gateway", head: f.gateway, mono: true },
      { key: "mac", head: f.mac, mono: true, from: "lg" },
      {
        key: "speed",
        head: f.speed,
        num: true,
        phone: "end",
        cell: (row) => (Number(row["speed"]) > 0 ? f.mbits(Number(row["speed"])) : "–"),
      },
    ],
  );
}

function packages({ packages: all = [] }: Sections): List {
  return list(
    all.map((p, i) => ({ key: `${p.name} ${i}`, name: p.name, version: p.version })),
    [
      { key: "name", head: f.name, phone: "name" },
      { key: "version", head: f.version, phone: "sub", mono: true },
    ],
  );
}

function units({ units: all = [] }: Sections): List {
  return list(
    all.map((u) => ({ key: u.name, name: u.name, active: u.active, sub: u.sub, description: u.description })),
    [
      {
        key: "active",
        head: f.active,
        phone: "state",
        cell: ({ active }) => (
          <Status look={active === "failed" ? "failed" : active === "active" ? "up" : "unknown"}>
            {active}
          </Status>
        ),
      },
      { key: "name", head: f.name, phone: "name" },
      { key: "sub", head: f.sub, phone: "sub" },
      { key: "description", head: f.description, from: "lg" },
    ],
  );
}

function ports({ ports: all = [] }: Sections): List {
  const everywhere = (address: string) => (["0.0.0.0", "::", "*"].includes(address) ? f.everywhere : address);
  return list(
    all.map((p, i) => ({
      key: `${p.protocol} ${p.address} ${p.port} ${i}`,
      port: p.port,
      protocol: p.protocol,
      address: everywhere(p.address),
      process: p.process,
    })),
    [
      {
        key: "port",
        head: f.port,
        phone: "name",
        cell: (row) => <span className="font-medium">{row["port"]}</span>,
      },
      { key: "protocol", head: f.protocol, phone: "end" },
      { key: "address", head: f.address, phone: "sub", mono: true },
      { key: "process", head: f.process, phone: "state" },
    ],
  );
}

function users({ users: all = [] }: Sections): List {
  return list(
    all.map((u) => ({ key: `${u.uid} ${u.name}`, name: u.name, uid: u.uid, home: u.home, shell: u.shell })),
    [
      { key: "name", head: f.name, phone: "name" },
      {
        key: "uid",
        head: f.uid,
        num: true,
        phone: "state",
        cell: (row) => number(Number(row["uid"])).replaceAll(",", ""),
      },
      { key: "home", head: f.home, phone: "sub", mono: true },
      { key: "shell", head: f.shell, phone: "end", mono: true },
    ],
  );
}

/** Every part of a snapshot as facts or as a list. */
export function serverSnapshotSections({ sections: s }: Snapshot): Record<Section, Shown> {
  return {
    hardware: hardware(s),
    os: system(s),
    disks: disks(s),
    network: network(s),
    packages: packages(s),
    units: units(s),
    ports: ports(s),
    users: users(s),
  };
}
