import clsx from "clsx";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type CSSProperties, Fragment, type ReactNode, useEffect, useMemo, useRef } from "react";

import { t } from "../locales";
import { Pick } from "./Field";
import { type Column, type Sort, useModel } from "./table-model";
import { useRows } from "./table-rows";

import type { RowData } from "@tanstack/react-table";
export type { Column, Sort } from "./table-model";

/** Columns that one sentence replaces: a server without figures says why. */
export interface Span {
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
        <td key={column.key} role="cell" colSpan={width} className="phone-sub text-muted">
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

/**
 * Rows of things. A real table for screen readers whatever it looks like; below 720 px every
 * row becomes two lines, made of the columns whose `phone` says where they go. Long lists
 * draw only what is in sight.
 */
export function Table<T extends RowData>(props: TableProps<T>) {
  const {
    label,
    columns,
    rows,
    id,
    name = id,
    sort,
    onSort,
    selected,
    onSelect,
    active,
    hidden,
    span,
    group,
    dense,
    sticky,
    empty,
  } = props;
  const model = useModel({ columns, rows, id, sort, onSort, selected, onSelect, hidden });
  const body = useRef<HTMLTableSectionElement>(null);
  const shown = useRows({ body, count: model.rows.length, dense: dense ?? false });
  useEnd(props.onEnd, props.onEnd !== undefined && shown.last >= model.rows.length - 10);
  const width = model.columns.length + (onSelect ? 1 : 0);
  const space = (height: number) => height > 0 && <Spacer height={height} width={width} />;
  const heads = useMemo(() => {
    if (!group) return undefined;
    let last: string | undefined;
    return model.rows.map((row) => {
      const { key, head } = group(row.original);
      if (key === last) return undefined;
      last = key;
      return head;
    });
  }, [group, model.rows]);

  return (
    <table
      role="table"
      aria-label={label}
      aria-rowcount={model.rows.length}
      className={clsx("tbl stackable", dense && "dense", sticky && "sticky")}
    >
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
        {space(shown.before)}
        {model.rows.slice(shown.first, shown.last).map((row, i) => (
          <Fragment key={row.id}>
            {heads?.[shown.first + i] !== undefined && (
              <tr role="row" className="group plain">
                <td role="cell" colSpan={width}>
                  {heads[shown.first + i]}
                </td>
              </tr>
            )}
            <tr
              role="row"
              aria-rowindex={shown.first + i + 2}
              aria-selected={selected?.has(row.id) || active === row.id || undefined}
            >
              {onSelect && (
                <td role="cell" className="pick">
                  <Pick
                    label={t.ui.select(name(row.original))}
                    checked={selected?.has(row.id) ?? false}
                    onChange={(on) => model.select(row.id, on)}
                  />
                </td>
              )}
              <Cells columns={model.columns} row={row.original} span={span?.(row.original)} />
            </tr>
          </Fragment>
        ))}
        {space(shown.after)}
        {model.rows.length === 0 && empty && (
          <tr role="row" className="plain">
            <td role="cell" colSpan={width}>
              {empty}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function Spacer({ height, width }: { height: number; width: number }) {
  const style: CSSProperties = { height };
  return (
    <tr className="spacer plain" aria-hidden="true">
      <td colSpan={width} style={style} />
    </tr>
  );
}
