import { api } from "../../api/client";
import type { Difference } from "./types";
import { b } from "../../locales/backup";
import { Section } from "../../ui/Facts";
import { number } from "../../ui/format";
import { type Column, Table } from "../../ui/Table";
import { grouped, type TenantDifferences } from "./differences";
import "./backup.css";

const words = b.preview;

const nameOf = (table: string) => words.tables[table] ?? table;

const list = ({ n, examples }: Difference["appear"]): string => {
  const known = examples.filter(Boolean);
  return known.length < n && known.length > 0
    ? `${known.join(", ")} + ${words.more(n - known.length)}`
    : known.join(", ");
};

/** Which ones, for example: at most three of a kind. */
function Examples({ row: { appear, vanish, change } }: { row: Difference }) {
  const parts = [
    appear.examples.length > 0 && words.comesBack(list(appear)),
    vanish.examples.length > 0 && words.vanishes(list(vanish)),
    change.examples.length > 0 && words.isChanged(list(change)),
  ].filter((part) => part !== false);
  const text = parts.join(" · ");
  return (
    <span className="text-muted" title={text}>
      {text}
    </span>
  );
}

const count = ({ n }: Difference["appear"]) => (n === 0 ? <span className="text-faint">0</span> : number(n));

const columns: Column<Difference>[] = [
  {
    key: "what",
    head: words.what,
    phone: "name",
    cell: ({ table }) => (
      <span className="font-medium" title={table}>
        {nameOf(table)}
      </span>
    ),
  },
  { key: "appear", head: words.appear, num: true, from: "lg", cell: (row) => count(row.appear) },
  { key: "vanish", head: words.vanish, num: true, from: "lg", cell: (row) => count(row.vanish) },
  { key: "change", head: words.change, num: true, from: "lg", cell: (row) => count(row.change) },
  {
    key: "brief",
    head: words.changes,
    phone: "state",
    onlyPhone: true,
    cell: ({ appear, vanish, change }) => (
      <span className="mono">
        {[appear.n && `+${appear.n}`, vanish.n && `−${vanish.n}`, change.n && `~${change.n}`]
          .filter(Boolean)
          .join(" ")}
      </span>
    ),
  },
  {
    key: "examples",
    head: words.examples,
    phone: "sub",
    className: "max-w-80 clip",
    cell: (row) => <Examples row={row} />,
  },
];

interface OfTenantProps {
  group: TenantDifferences;
  title: string | undefined;
}

function OfTenant({ group: { rows }, title }: OfTenantProps) {
  return (
    <div className="mb-4">
      {title && <h3 className="mb-1 font-medium">{title}</h3>}
      <Table label={title ?? words.changes} columns={columns} rows={rows} id={({ table }) => table} />
    </div>
  );
}

interface ChangesProps {
  differences: readonly Difference[];
  /** Many tenants share the appliance. */
  apart: boolean;
}

/** What would change, by tenant; what always differs is folded. */
export function Changes({ differences, apart }: ChangesProps) {
  const tenants = api.useQuery("get", "/api/v1/tenants", {}, { enabled: apart }).data?.items;
  const { telling, always } = grouped(differences, apart);
  const titleOf = (tenant: string) => {
    if (!apart) return undefined;
    return tenant ? (tenants?.find(({ id }) => id === tenant)?.name ?? tenant) : words.appliance;
  };
  return (
    <Section title={words.changes}>
      {telling.length === 0 && <p className="mb-4 text-muted">{words.same}</p>}
      {telling.map((group) => (
        <OfTenant key={group.tenant} group={group} title={titleOf(group.tenant)} />
      ))}
      {always.length > 0 && (
        <details className="always">
          <summary>{words.always(always.length)}</summary>
          <p className="mb-2 text-muted">{words.alwaysBody}</p>
          <OfTenant group={{ tenant: "", rows: always }} title={undefined} />
        </details>
      )}
    </Section>
  );
}
