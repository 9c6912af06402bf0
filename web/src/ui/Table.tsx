import clsx from "clsx";
import { ArrowDown, ArrowUp } from "lucide-react";
import { Fragment, type ReactNode, useEffect, useMemo, useRef } from "react";

import { t } from "../locales";
import { Pick } from "./Field";
import { type Column, type Sort, useModel } from "./table-model";
import { useRows } from "./table-rows";

import type { RowData } from "@tanstack/react-table";
export type { Column, Sort } from "./table-model";

/** Columns that one sentence replaces: a server without figures says why. */
interface Span {
  columns: readonly string[];
  content: ReactNode;
}

interface TableProps<T> {
  /** What the rows are, spoken. */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  id: (row: T) => string;
  /** The name of a row, spoken with its checkbox. */
  name?: (row: T) => string;
  /** The order the rows are in. Without `onSort` the table sorts by itself, so it must hold all rows. */
  sort?: Sort | undefined;
  onSort?: ((sort: Sort) => void) | undefined;
  selected?: ReadonlySet<string> | undefined;
  onSelect?: ((ids: ReadonlySet<string>) => void) | undefined;
  /** The row shown in the panel beside the table. */
  active?: string | undefined;
  /** Columns the reader has hidden. */
  hidden?: ReadonlySet<string> | undefined;
  span?: (row: T) => Span | undefined;
  /** Rows of one group follow each other under its heading. */
  group?: ((row: T) => { key: string; head: ReactNode }) | undefined;
  /** 32 px rows, for long lists. */
  dense?: boolean;
  /** The head stays below the bar while the page scrolls. */
  sticky?: boolean;
  /** The name column is as wide as its names; the last column takes what is left. */
  fit?: boolean;
  /** The last rows are near: fetch more. */
  onEnd?: (() => void) | undefined;
  /** Stands in the table when there are no rows. */
  empty?: ReactNode;
}

const phone = (column: Column<never>) =>
  clsx(
    column.num && "num",
    column.phone === "name" && "name",
    column.phone === "state" && "phone-state",
    column.phone === "sub" && "phone-sub",
    column.phone === "end" && "phone-end",
    !column.phone && "phone-hide",
    column.onlyPhone && "only-phone",
    column.from === "lg" && "narrow-hide",
    column.from === "xl" && "wide-only",
    column.className,
  );

function Head<T>({
  columns,
  sort,
  onSort,
}: {
  columns: readonly Column<T>[];
  sort?: Sort | undefined;
  onSort: (by: string) => void;
}) {
  return columns.map((column) => {
    const on = sort?.by === column.key;
    return (
      <th
        key={column.key}
        role="columnheader"
        scope="col"
        className={phone(column as Column<never>)}
        aria-sort={on ? (sort.desc ? "descending" : "ascending") : undefined}
      >
        {column.sort ? (
          <button type="button" onClick={() => onSort(column.key)}>
            {column.head}
            {on &&
              (sort.desc ? (
                <ArrowDown className="icon" aria-hidden="true" />
              ) : (
                <ArrowUp className="icon" aria-hidden="true" />
              ))}
          </button>
        ) : (
          column.head
        )}
      </th>
    );
  });
}

function Cells<T>({ columns, row, span }: { columns: readonly Column<T>[]; row: T; span: Span | undefined }) {
  let spanned = false;
  return columns.map((column) => {
    if (span?.columns.includes(column.key)) {
      if (spanned) return null;
      spanned = true;
      const width = columns.filter((each) => span.columns.includes(each.key)).length;
      return (
        <td key={column.key} role="cell" colSpan={width} className="phone-sub text-muted md:max-w-0">
          {span.content}
        </td>
      );
    }
    if (span && column.phone === "sub")
      return (
        <td key={column.key} role="cell" className={clsx(phone(column as Column<never>), "max-md:hidden!")} />
      );
    const content = column.cell(row);
    return (
      <td key={column.key} role="cell" className={phone(column as Column<never>)}>
        {column.phone === "name" ? <div>{content}</div> : content}
      </td>
    );
  });
}

function useEnd(onEnd: (() => void) | undefined, near: boolean): void {
  const call = useRef(onEnd);
  useEffect(() => {
    call.current = onEnd;
  });
  useEffect(() => {
    if (near) call.current?.();
  }, [near]);
}

function headings<T>(
  rows: readonly { original: T }[],
  group: TableProps<T>["group"],
): (ReactNode | undefined)[] | undefined {
  if (!group) return undefined;
  let last: string | undefined;
  return rows.map((row) => {
    const { key, head } = group(row.original);
    if (key === last) return undefined;
    last = key;
    return head;
  });
}

/** A row that is no thing of the table: a heading, space, a sentence. */
function Plain({
  width,
  className,
  children,
  height,
}: {
  width: number;
  className?: string;
  children?: ReactNode;
  height?: number;
}) {
  return (
    <tr role="row" className={clsx("plain", className)} aria-hidden={height !== undefined || undefined}>
      <td role="cell" colSpan={width} style={height === undefined ? undefined : { height }}>
        {children}
      </td>
    </tr>
  );
}

interface LineProps<T> {
  table: TableProps<T>;
  model: ReturnType<typeof useModel<T & RowData>>;
  row: { id: string; original: T };
  index: number;
}

function Line<T extends RowData>({ table, model, row, index }: LineProps<T>) {
  const { selected, onSelect, active, span, id, name = id } = table;
  const on = selected?.has(row.id) ?? false;
  return (
    <tr role="row" aria-rowindex={index + 2} aria-selected={on || active === row.id || undefined}>
      {onSelect && (
        <td role="cell" className="pick">
          <Pick
            label={t.ui.select(name(row.original))}
            checked={on}
            onChange={(next) => model.select(row.id, next)}
          />
        </td>
      )}
      <Cells columns={model.columns} row={row.original} span={span?.(row.original)} />
    </tr>
  );
}

/**
 * Rows of things. A real table for screen readers whatever it looks like; below 720 px every
 * row becomes two lines, made of the columns whose `phone` says where they go. Long lists
 * draw only what is in sight.
 */
export function Table<T extends RowData>(props: TableProps<T>) {
  const { label, onSelect, onEnd, group, dense = false, sticky, fit, empty } = props;
  const model = useModel(props);
  const body = useRef<HTMLTableSectionElement>(null);
  const { first, last, before, after } = useRows({ body, count: model.rows.length, dense });
  useEnd(onEnd, onEnd !== undefined && last >= model.rows.length - 10);
  const width = model.columns.length + (onSelect ? 1 : 0);
  const heads = useMemo(() => headings(model.rows, group), [group, model.rows]);
  const look = clsx("tbl stackable", dense && "dense", sticky && "sticky", fit && "fit");
  return (
    <table role="table" aria-label={label} aria-rowcount={model.rows.length + 1} className={look}>
      <thead role="rowgroup">
        <tr role="row">
          {onSelect && (
            <th role="columnheader" className="pick">
              <Pick label={t.ui.selectAll} checked={model.all} some={model.some} onChange={model.selectAll} />
            </th>
          )}
          <Head columns={model.columns} sort={model.sort} onSort={model.sortBy} />
        </tr>
      </thead>
      <tbody role="rowgroup" ref={body}>
        {before > 0 && <Plain className="spacer" width={width} height={before} />}
        {model.rows.slice(first, last).map((row, i) => (
          <Fragment key={row.id}>
            {heads?.[first + i] !== undefined && (
              <Plain className="group" width={width}>
                {heads[first + i]}
              </Plain>
            )}
            <Line table={props} model={model} row={row} index={first + i} />
          </Fragment>
        ))}
        {after > 0 && <Plain className="spacer" width={width} height={after} />}
        {model.rows.length === 0 && empty && <Plain width={width}>{empty}</Plain>}
      </tbody>
    </table>
  );
}
