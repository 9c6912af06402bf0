import "./virtual-table.css";

import clsx from "clsx";
import { ArrowDown, ArrowUp } from "lucide-react";
import { memo, type ReactNode, type Ref, useEffect, useId, useMemo, useRef } from "react";

import { t } from "../locales";
import { p } from "../locales/parts";
import { Pick } from "./Field";
import type { Column, Sort } from "./table-model";
import { useCursor } from "./virtual-cursor";
import { rowHeight, useSpan, useWidth, type Width } from "./virtual-rows";

/** A column whose width does not depend on what is in it, so that nothing jumps. */
export interface WideColumn<T> extends Column<T> {
  /** As a track of a grid: "6rem", "minmax(8rem, 2fr)". */
  width?: string;
}

interface VirtualTableProps<T> {
  /** What the rows are, spoken. */
  label: string;
  /** The same array at every draw, or every row is drawn again. */
  columns: readonly WideColumn<T>[];
  /** How many rows there are, known or not. */
  total: number;
  /** A row by its number; undefined while it is fetched. The same object until it changes. */
  row: (index: number) => T | undefined;
  /** The rows that are drawn, `last` not among them: fetch what is not there. */
  onRange: (first: number, last: number) => void;
  id: (row: T) => string;
  /** The name of a row, spoken with its checkbox. */
  name?: (row: T) => string;
  sort?: Sort | undefined;
  onSort?: ((sort: Sort) => void) | undefined;
  selected?: ReadonlySet<string> | undefined;
  onSelect?: ((ids: ReadonlySet<string>) => void) | undefined;
  /** Selects all, those not fetched too. Without it the head can only clear. */
  onSelectAll?: (() => void) | undefined;
  /** Enter, on the row that has the keyboard. */
  onOpen?: ((row: T) => void) | undefined;
  /** The row shown in the panel beside the table. */
  active?: string | undefined;
  hidden?: ReadonlySet<string> | undefined;
  /** Stands in the table when there are no rows. */
  empty?: ReactNode;
}

/** Which columns stand at this width, and the tracks they stand on. */
function layout<T>(
  columns: readonly WideColumn<T>[],
  hidden: ReadonlySet<string> | undefined,
  width: Width,
): { columns: readonly WideColumn<T>[]; tracks: string } {
  const order = ["phone", "md", "lg", "xl"];
  const shown = columns.filter((column) => {
    if (hidden?.has(column.key)) return false;
    if (width === "phone") return column.phone !== undefined;
    return !column.onlyPhone && order.indexOf(column.from ?? "md") <= order.indexOf(width);
  });
  const track = (column: WideColumn<T>) =>
    column.width ?? (column.phone === "name" ? "minmax(8rem, 3fr)" : "minmax(0, 1fr)");
  return { columns: shown, tracks: width === "phone" ? "" : shown.map(track).join(" ") };
}

interface LineProps<T> {
  id: string;
  index: number;
  top: number;
  row: T | undefined;
  columns: readonly WideColumn<T>[];
  tracks: string;
  label: string;
  on: boolean;
  active: boolean;
  onPick: ((index: number, on: boolean, range: boolean) => void) | undefined;
}

const bones = ["w-3/5", "w-2/5", "w-1/2"];

// A row is drawn again only when something of its own has changed, not when its table is.
const Line = memo(function Line<T>(props: LineProps<T>) {
  const { id, index, top, row, columns, tracks, label, on, active, onPick } = props;
  return (
    <div
      role="row"
      id={id}
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={onPick ? on : undefined}
      aria-current={active || undefined}
      aria-busy={row === undefined || undefined}
      className="vt-row"
      style={{
        translate: `0 ${top}px`,
        gridTemplateColumns: tracks && (onPick ? `1.5rem ${tracks}` : tracks),
      }}
    >
      {onPick && (
        <div role="gridcell" className="pick">
          {row !== undefined && (
            <Pick
              keyless
              label={t.ui.select(label)}
              checked={on}
              onChange={(next, range) => onPick(index, next, range)}
            />
          )}
        </div>
      )}
      {columns.map((column, i) => (
        <div
          role="gridcell"
          key={column.key}
          className={clsx(column.num && "num", column.phone, column.className)}
        >
          {row === undefined ? (
            <span className={clsx("bone", bones[(index + i) % bones.length])} />
          ) : (
            column.cell(row)
          )}
        </div>
      ))}
    </div>
  );
}) as <T>(props: LineProps<T>) => ReactNode;

interface HeadProps<T> {
  table: VirtualTableProps<T>;
  columns: readonly WideColumn<T>[];
  tracks: string;
}

function Head<T>({ table, columns, tracks }: HeadProps<T>) {
  const { sort, onSort, selected, onSelect, onSelectAll, total } = table;
  const count = selected?.size ?? 0;
  return (
    <div role="rowgroup" className="vt-head">
      <div
        role="row"
        aria-rowindex={1}
        style={{ gridTemplateColumns: onSelect ? `1.5rem ${tracks}` : tracks }}
      >
        {onSelect && (
          <div role="columnheader" className="pick">
            {(onSelectAll || count > 0) && (
              <Pick
                label={t.ui.selectAll}
                checked={count > 0 && count >= total}
                some={count > 0}
                onChange={() => (count > 0 ? onSelect(new Set()) : onSelectAll?.())}
              />
            )}
          </div>
        )}
        {columns.map((column) => {
          const on = sort?.by === column.key;
          const desc = on && sort.desc;
          const Arrow = desc ? ArrowDown : ArrowUp;
          return (
            <div
              role="columnheader"
              key={column.key}
              className={clsx(column.num && "num")}
              aria-sort={on ? (desc ? "descending" : "ascending") : undefined}
            >
              {column.sort && onSort ? (
                <button type="button" onClick={() => onSort({ by: column.key, desc: on && !desc })}>
                  {column.head}
                  {on && <Arrow className="icon" aria-hidden="true" />}
                </button>
              ) : (
                column.head
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface LinesProps<T> {
  table: VirtualTableProps<T>;
  columns: readonly WideColumn<T>[];
  tracks: string;
  base: string;
  span: readonly [first: number, last: number];
  height: number;
  onPick: LineProps<T>["onPick"];
}

function Lines<T>({ table, columns, tracks, base, span: [first, last], height, onPick }: LinesProps<T>) {
  const { row, id, name = id, selected, active } = table;
  return Array.from({ length: last - first }, (_, i) => {
    const index = first + i;
    const one = row(index);
    const key = one === undefined ? undefined : id(one);
    return (
      <Line
        key={index}
        id={`${base}-${index}`}
        index={index}
        top={index * height}
        row={one}
        columns={columns}
        tracks={tracks}
        label={one === undefined ? "" : name(one)}
        on={key !== undefined && (selected?.has(key) ?? false)}
        active={key !== undefined && active === key}
        onPick={onPick}
      />
    );
  });
}

/**
 * Rows that are known by their number only: the page fetches what is in sight, and what is not
 * there yet is a skeleton. Rows keep their height and columns their width, so nothing jumps
 * when data change. Arrows move, Space selects, Enter opens; on a phone a row is two lines.
 */
export function VirtualTable<T>(props: VirtualTableProps<T>) {
  const { label, total, onRange, onSelect, hidden, empty } = props;
  const base = useId();
  const width = useWidth();
  const height = useMemo(() => rowHeight(width), [width]);
  const { columns, tracks } = useMemo(
    () => layout(props.columns, hidden, width),
    [props.columns, hidden, width],
  );
  const body = useRef<HTMLDivElement>(null);
  const span = useSpan(body, total, height);
  const [first, last] = span;
  useEffect(() => onRange(first, last), [onRange, first, last]);
  const { at, mark, onPick, onKeyDown, onPointerDown } = useCursor(props, height);
  return (
    <div
      role="grid"
      tabIndex={0}
      className="vt"
      aria-label={label}
      aria-describedby={`${base}-keys`}
      aria-rowcount={total + 1}
      aria-colcount={columns.length + (onSelect ? 1 : 0)}
      aria-multiselectable={onSelect ? true : undefined}
      aria-activedescendant={at >= first && at < last ? `${base}-${at}` : undefined}
      onKeyDown={onKeyDown}
    >
      {width !== "phone" && <Head table={props} columns={columns} tracks={tracks} />}
      <div
        role="rowgroup"
        ref={body}
        className="vt-body"
        style={total > 0 ? { height: total * height } : undefined}
        onPointerDown={onPointerDown}
      >
        <Lines
          table={props}
          columns={columns}
          tracks={tracks}
          base={base}
          span={span}
          height={height}
          onPick={onSelect && onPick}
        />
        {total > 0 && <Cursor at={at} height={height} ref={mark} />}
        {total === 0 && empty && (
          <div role="row">
            <div role="gridcell">{empty}</div>
          </div>
        )}
      </div>
      <span id={`${base}-keys`} hidden>
        {p.table.keys}
      </span>
    </div>
  );
}

// Where the keyboard is. It is always drawn, while the row it stands on may be far away.
const Cursor = ({ at, height, ref }: { at: number; height: number; ref: Ref<HTMLDivElement> }) => (
  <div ref={ref} className="vt-mark" aria-hidden="true" style={{ translate: `0 ${at * height}px` }} />
);
