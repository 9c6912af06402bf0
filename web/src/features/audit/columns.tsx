import { audit as auditWords } from "../../locales/audit";
import { clock, exact } from "../../ui/format";
import { looks, type Look, Status } from "../../ui/mark";
import type { Column } from "../../ui/Table";
import { summary } from "./diff";
import type { Row } from "./filter";

/** How a result looks. */
export const looksOf: Record<Row["result"], Look> = {
  done: looks.done,
  refused: looks.critical,
  failed: looks.failed,
};

const At = ({ at, seconds }: { at: string; seconds?: boolean }) => (
  <time dateTime={at} title={exact(at)} className="text-muted">
    {clock(at, seconds)}
  </time>
);

/** A line of time: when, what, by whom, from where. */
export function columns(onOpen: (row: Row) => void, onActor: (row: Row) => void): Column<Row>[] {
  return [
    { key: "at", head: auditWords.at, cell: (row) => <At at={row.at} seconds /> },
    {
      key: "result",
      head: auditWords.result,
      phone: "state",
      cell: (row) => <Status look={looksOf[row.result]}>{auditWords.results[row.result]}</Status>,
    },
    {
      key: "action",
      head: auditWords.action,
      phone: "name",
      cell: (row) => (
        <>
          <button type="button" className="hover:underline" onClick={() => onOpen(row)}>
            {row.action}
          </button>
          <span className="ml-2 text-muted" title={summary(row.detail)}>
            {summary(row.detail)}
          </span>
        </>
      ),
    },
    {
      key: "who",
      head: auditWords.who,
      cell: (row) => (
        <button
          type="button"
          className="clip block max-w-40 hover:underline"
          title={auditWords.only(row.actor_name || row.actor)}
          onClick={() => onActor(row)}
        >
          {row.actor_name || row.actor}
        </button>
      ),
    },
    {
      key: "sub",
      head: "",
      phone: "sub",
      onlyPhone: true,
      cell: (row) => [row.actor_name || row.actor, row.address].filter(Boolean).join(" · "),
    },
    {
      key: "address",
      head: auditWords.address,
      from: "lg",
      cell: (row) => <code className="text-muted">{row.address}</code>,
    },
    { key: "clock", head: "", phone: "end", onlyPhone: true, cell: (row) => <At at={row.at} /> },
  ];
}
