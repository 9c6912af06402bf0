import { Download, ScrollText } from "lucide-react";
import { useMemo, useState } from "react";

import { useList } from "../../api/list";
import { Loaded } from "../../layout/Loaded";
import { SettingsPage } from "../../layout/SettingsPage";
import { useUrl } from "../../layout/useUrl";
import { audit as auditWords } from "../../locales/audit";
import { Button, buttonClass } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { day, dayName } from "../../ui/format";
import { Table } from "../../ui/Table";
import { AuditFilters } from "./AuditFilters";
import { columns } from "./columns";
import { everything, exportHref, type Filter, narrows, queryOf, readFilter, type Row } from "./filter";
import { RowDialog } from "./RowDialog";

function Export({ filter, now }: { filter: Filter; now: number }) {
  return (
    <a className={buttonClass()} href={exportHref(filter, now)} title={auditWords.exportHelp} download>
      <Download className="icon" aria-hidden="true" />
      {auditWords.export}
    </a>
  );
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered)
    return <Empty title={auditWords.none} action={<Button onClick={onClear}>{auditWords.clear}</Button>} />;
  return (
    <Empty icon={<ScrollText className="icon" aria-hidden="true" />} title={auditWords.empty}>
      {auditWords.emptyBody}
    </Empty>
  );
}

const byDay = (row: Row) => ({ key: day(row.at), head: dayName(row.at, Date.now()) });

/** Who did what, newest first, by day. */
export function AuditPage() {
  const [url, setUrl] = useUrl();
  const [open, setOpen] = useState<Row>();
  const { filter, now } = useMemo(() => ({ filter: readFilter(url), now: Date.now() }), [url]);
  const headers = filter.scope === "system" ? { "X-Tenant-ID": "system" } : {};
  const list = useList<Row>("/api/v1/audit", queryOf(filter, now), headers, { fresh: true });
  const defs = useMemo(() => columns(setOpen, (row) => setUrl({ actor: row.actor })), [setUrl]);
  const only = (change: Record<string, string>) => {
    setOpen(undefined);
    setUrl({ ...everything, ...change });
  };
  const name = list.rows.find((row) => row.actor === filter.actor)?.actor_name || filter.actor;
  return (
    <SettingsPage
      title={auditWords.title}
      lead={auditWords.lead}
      action={<Export filter={filter} now={now} />}
    >
      <AuditFilters filter={filter} name={name} onChange={setUrl} />
      <Loaded of={list} failed={auditWords.loadFailed} lines={8}>
        <Table
          label={auditWords.title}
          columns={defs}
          rows={list.rows}
          id={(row) => row.id}
          group={byDay}
          onEnd={list.more}
          empty={<Nothing filtered={narrows(filter)} onClear={() => setUrl(everything)} />}
        />
      </Loaded>
      {open && (
        <RowDialog
          row={open}
          onClose={() => setOpen(undefined)}
          onThing={() => only({ thing: open.thing })}
          onActor={() => only({ actor: open.actor })}
        />
      )}
    </SettingsPage>
  );
}
