import { ScrollText } from "lucide-react";
import { useState } from "react";

import { useList } from "../../api/list";
import { useMay } from "../../api/may";
import type { components } from "../../api/schema";
import { FilterInput } from "../../layout/FilterInput";
import { ProblemPage } from "../../layout/Problem";
import { SettingsPage } from "../../layout/SettingsPage";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Empty, Skeleton } from "../../ui/Empty";
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
        <button type="button" className="hover:underline" title={t.audit.only(row.actor_name)} onClick={() => onActor(row)}>
          {row.actor_name}
        </button>
      ),
    },
    { key: "sub", head: "", phone: "sub", onlyPhone: true, cell: (row) => `${row.actor_name} · ${row.address}` },
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
    <Dialog open wide onClose={onClose} title={row.action} foot={<Button onClick={onClose}>{t.ui.close}</Button>}>
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

/** Who did what, newest first. */
export function AuditPage() {
  const [url, setUrl] = useUrl();
  const [open, setOpen] = useState<Row>();
  const admin = useMay("system.write");
  const [q, actor, scope] = [url.get("q") ?? "", url.get("actor") ?? "", url.get("scope") ?? "here"];
  const list = useList<Row>(
    "/api/v1/audit",
    { q: q || undefined, actor: actor || undefined },
    scope === "system" ? { "X-Tenant-ID": "system" } : {},
  );
  const { rows, loading, error } = list;
  const clear = () => setUrl({ q: undefined, actor: undefined });
  const name = rows.find((row) => row.actor === actor)?.actor_name ?? actor;
  return (
    <SettingsPage title={t.audit.title} lead={t.audit.lead}>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <div className="w-60 max-md:flex-1">
          <FilterInput label={t.audit.filter} value={q} onChange={(text) => setUrl({ q: text })} />
        </div>
        {actor && (
          <Chip pressed onPress={() => setUrl({ actor: undefined })}>
            {t.audit.only(name)}
          </Chip>
        )}
        {admin && (
          <span className="ml-auto">
            <Segmented
              label={t.audit.scope}
              value={scope}
              onChange={(next) => setUrl({ scope: next === "here" ? undefined : next, actor: undefined })}
              options={[
                { value: "here", label: t.audit.scopes.here },
                { value: "system", label: t.audit.scopes.system },
              ]}
            />
          </span>
        )}
      </div>
      {error && <ProblemPage error={error} title={t.audit.loadFailed} onRetry={list.retry} />}
      {loading && <Skeleton label={t.ui.loading} lines={8} />}
      {!error && !loading && (
        <Table
          label={t.audit.title}
          columns={columns(setOpen, (row) => setUrl({ actor: row.actor }))}
          rows={rows}
          id={(row) => row.id}
          onEnd={list.more}
          empty={
            q || actor ? (
              <Empty title={t.audit.none} action={<Button onClick={clear}>{t.audit.clear}</Button>} />
            ) : (
              <Empty icon={<ScrollText className="icon" aria-hidden="true" />} title={t.audit.empty}>
                {t.audit.emptyBody}
              </Empty>
            )
          }
        />
      )}
      {open && <Detail row={open} onClose={() => setOpen(undefined)} />}
    </SettingsPage>
  );
}
