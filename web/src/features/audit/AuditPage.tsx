import { ScrollText } from "lucide-react";
import { useState } from "react";

import { useList } from "../../api/list";
import { useMay } from "../../api/may";
import type { components } from "../../api/schema";
import { FilterInput } from "../../layout/FilterInput";
import { Loaded } from "../../layout/Loaded";
import { SettingsPage } from "../../layout/SettingsPage";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { Facts } from "../../ui/Facts";
import { exact } from "../../ui/format";
import { looks, type Look, Status } from "../../ui/mark";
import { Chip, Segmented } from "../../ui/Segmented";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";

type Row = components["schemas"]["AuditRow"];

const resultLooks: Record<Row["result"], Look> = {
  done: looks.done,
  refused: looks.critical,
  failed: looks.failed,
};

function columns(onOpen: (row: Row) => void, onActor: (row: Row) => void): Column<Row>[] {
  return [
    {
      key: "result",
      head: t.audit.result,
      phone: "state",
      cell: (row) => <Status look={resultLooks[row.result]}>{t.audit.results[row.result]}</Status>,
    },
    {
      key: "action",
      head: t.audit.action,
      phone: "name",
      cell: (row) => (
        <button type="button" className="hover:underline" onClick={() => onOpen(row)}>
          {row.action}
        </button>
      ),
    },
    {
      key: "who",
      head: t.audit.who,
      cell: (row) => (
        <button
          type="button"
          className="hover:underline"
          title={t.audit.only(row.actor_name)}
          onClick={() => onActor(row)}
        >
          {row.actor_name}
        </button>
      ),
    },
    {
      key: "sub",
      head: "",
      phone: "sub",
      onlyPhone: true,
      cell: (row) => `${row.actor_name} · ${row.address}`,
    },
    {
      key: "thing",
      head: t.audit.thing,
      from: "xl",
      cell: (row) => <code className="clip block max-w-60 text-muted">{row.thing}</code>,
    },
    {
      key: "address",
      head: t.audit.address,
      from: "lg",
      cell: (row) => <code className="text-muted">{row.address}</code>,
    },
    {
      key: "at",
      head: t.audit.at,
      num: true,
      phone: "end",
      cell: (row) => <Time at={row.at} ago className="text-muted" />,
    },
  ];
}

function Detail({ row, onClose }: { row: Row; onClose: () => void }) {
  const detail = row.detail == null || row.detail === "" ? "" : JSON.stringify(row.detail, null, 2);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={row.action}
      foot={<Button onClick={onClose}>{t.ui.close}</Button>}
    >
      <Facts
        facts={[
          [t.audit.at, exact(row.at)],
          [t.audit.who, row.actor_name],
          [t.audit.address, row.address],
          [t.audit.thing, <code key="t">{row.thing}</code>],
          [
            t.audit.result,
            <Status key="r" look={resultLooks[row.result]}>
              {t.audit.results[row.result]}
            </Status>,
          ],
          [t.audit.number, row.seq],
        ]}
      />
      {detail && detail !== "{}" && (
        <pre className="log max-h-80" aria-label={t.audit.detail} tabIndex={0}>
          {detail}
        </pre>
      )}
    </Dialog>
  );
}

interface Filter {
  q: string;
  actor: string;
  scope: "here" | "system";
}

const readFilter = (url: URLSearchParams): Filter => ({
  q: url.get("q") ?? "",
  actor: url.get("actor") ?? "",
  scope: url.get("scope") === "system" ? "system" : "here",
});

interface FiltersProps {
  filter: Filter;
  /** The name of the one person whose rows are shown. */
  name: string;
  onChange: (change: Record<string, string | undefined>) => void;
}

function Filters({ filter, name, onChange }: FiltersProps) {
  const admin = useMay("system.write");
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <div className="w-60 max-md:flex-1">
        <FilterInput label={t.audit.filter} value={filter.q} onChange={(text) => onChange({ q: text })} />
      </div>
      {filter.actor && (
        <Chip pressed onPress={() => onChange({ actor: undefined })}>
          {t.audit.only(name)}
        </Chip>
      )}
      {admin && (
        <span className="ml-auto">
          <Segmented
            label={t.audit.scope}
            value={filter.scope}
            onChange={(next) => onChange({ scope: next === "here" ? undefined : next, actor: undefined })}
            options={(["here", "system"] as const).map((value) => ({ value, label: t.audit.scopes[value] }))}
          />
        </span>
      )}
    </div>
  );
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered)
    return <Empty title={t.audit.none} action={<Button onClick={onClear}>{t.audit.clear}</Button>} />;
  return (
    <Empty icon={<ScrollText className="icon" aria-hidden="true" />} title={t.audit.empty}>
      {t.audit.emptyBody}
    </Empty>
  );
}

/** Who did what, newest first. */
export function AuditPage() {
  const [url, setUrl] = useUrl();
  const [open, setOpen] = useState<Row>();
  const filter = readFilter(url);
  const { q, actor, scope } = filter;
  const list = useList<Row>(
    "/api/v1/audit",
    { q: q || undefined, actor: actor || undefined },
    scope === "system" ? { "X-Tenant-ID": "system" } : {},
  );
  const name = list.rows.find((row) => row.actor === actor)?.actor_name ?? actor;
  return (
    <SettingsPage title={t.audit.title} lead={t.audit.lead}>
      <Filters filter={filter} name={name} onChange={setUrl} />
      <Loaded of={list} failed={t.audit.loadFailed} lines={8}>
        <Table
          label={t.audit.title}
          columns={columns(setOpen, (row) => setUrl({ actor: row.actor }))}
          rows={list.rows}
          id={(row) => row.id}
          onEnd={list.more}
          empty={
            <Nothing
              filtered={q !== "" || actor !== ""}
              onClear={() => setUrl({ q: undefined, actor: undefined })}
            />
          }
        />
      </Loaded>
      {open && <Detail row={open} onClose={() => setOpen(undefined)} />}
    </SettingsPage>
  );
}
