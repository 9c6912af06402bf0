import clsx from "clsx";

import type { TenantRow, UsageKind } from "../../api/types";
import { fill, fullLook, usageText } from "../../layout/usage";
import { tenants as tenantsWords } from "../../locales/tenants";
import { none, number } from "../../ui/format";
import { looks, Mark, Status } from "../../ui/mark";
import { Reading } from "../../ui/Meter";
import type { Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { statusLooks, usageOf } from "./tenant";

const words = tenantsWords;
const severities = ["critical", "warning", "info"] as const;

/** How many alerts are open, by severity. */
export function Alerts({ alerts }: Pick<TenantRow, "alerts">) {
  const open = severities.filter((each) => alerts[each] > 0);
  if (open.length === 0) return <span className="text-faint">{words.noAlerts}</span>;
  return (
    <span className="inline-flex gap-3">
      {open.map((each) => (
        <span key={each} className="status" title={words.severity[each](alerts[each])}>
          <Mark shape={looks[each].shape} tone={looks[each].tone} />
          <span aria-hidden="true">{number(alerts[each])}</span>
          <span className="sr-only">{words.severity[each](alerts[each])}</span>
        </span>
      ))}
    </span>
  );
}

const weight = ({ alerts }: TenantRow) => alerts.critical * 1e6 + alerts.warning * 1e3 + alerts.info;

function Amount({ tenant, kind }: { tenant: TenantRow; kind: UsageKind }) {
  const usage = usageOf(tenant, kind);
  if (!usage) return <span className="text-faint">{none}</span>;
  return (
    <Reading ratio={fill(usage)} over={fullLook(usage)}>
      {usageText(kind, usage.used)}
    </Reading>
  );
}

const amount = (kind: UsageKind, head: string, from?: "lg" | "xl"): Column<TenantRow> => ({
  key: kind,
  head,
  num: true,
  ...(from && { from }),
  sort: (tenant) => usageOf(tenant, kind)?.used,
  cell: (tenant) => <Amount tenant={tenant} kind={kind} />,
});

function subText(tenant: TenantRow): string {
  const servers = usageOf(tenant, "servers");
  return [tenant.id, servers && `${usageText("servers", servers.used)} ${words.servers.toLowerCase()}`]
    .filter(Boolean)
    .join(" · ");
}

/** What the panel beside the list says in full. */
export const behindPanel: ReadonlySet<string> = new Set([
  "plan",
  "users",
  "series",
  "storage_bytes",
  "created",
  "id",
]);

const what = (onOpen: (tenant: TenantRow) => void): Column<TenantRow>[] => [
  {
    key: "state",
    head: words.state,
    phone: "state",
    sort: (tenant) => tenant.status,
    cell: ({ status }) => <Status look={statusLooks[status]}>{words.states[status]}</Status>,
  },
  {
    key: "name",
    head: words.name,
    phone: "name",
    sort: (tenant) => tenant.name.toLowerCase(),
    cell: (tenant) => (
      <button
        type="button"
        className="hover:underline"
        title={tenant.name}
        data-tenant={tenant.id}
        onClick={() => onOpen(tenant)}
      >
        {tenant.name}
      </button>
    ),
  },
  {
    key: "id",
    head: words.id,
    from: "lg",
    sort: (tenant) => tenant.id,
    cell: ({ id }) => (
      <code className="block max-w-32 clip text-muted" title={id}>
        {id}
      </code>
    ),
  },
  {
    key: "sub",
    head: "",
    onlyPhone: true,
    phone: "sub",
    cell: (tenant) => <span className="text-muted">{subText(tenant)}</span>,
  },
];

/** The columns of the tenants. */
export const columns = (onOpen: (tenant: TenantRow) => void): Column<TenantRow>[] => [
  ...what(onOpen),
  {
    key: "plan",
    head: words.plan,
    from: "xl",
    sort: (tenant) => tenant.plan.toLowerCase(),
    cell: ({ plan }) => (
      <span className="block max-w-24 clip text-muted" title={plan}>
        {plan}
      </span>
    ),
  },
  amount("users", words.members, "xl"),
  amount("servers", words.servers),
  amount("series", words.series, "xl"),
  amount("storage_bytes", words.storage, "lg"),
  {
    key: "alerts",
    head: words.alerts,
    phone: "end",
    sort: weight,
    cell: (tenant) => (
      <span className={clsx(weight(tenant) === 0 && "max-md:hidden")}>
        <Alerts alerts={tenant.alerts} />
      </span>
    ),
  },
  {
    key: "created",
    head: words.created,
    num: true,
    from: "xl",
    sort: (tenant) => -Date.parse(tenant.created_at),
    cell: (tenant) => <Time at={tenant.created_at} className="text-muted" />,
  },
];
