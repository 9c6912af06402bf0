import {
  columnVisibilityFeature,
  createSortedRowModel,
  type RowData,
  rowSelectionFeature,
  rowSortingFeature,
  sortFn_alphanumeric,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { type ReactNode, useMemo, useState } from "react";

/** A column of a table of T. */
export interface Column<T> {
  key: string;
  head: ReactNode;
  cell: (row: T) => ReactNode;
  /** What the column is sorted by; on lists that the server sorts, anything. Without it, not sortable. */
  sort?: ((row: T) => string | number | null | undefined) | undefined;
  /** Figures: right. */
  num?: boolean;
  /** Where the cell goes on a phone: two lines of two places each. Without it, nowhere. */
  phone?: "name" | "state" | "sub" | "end";
  /** Stands for columns that a phone does not show. */
  onlyPhone?: boolean;
  /** Shown from this width on. */
  from?: "lg" | "xl";
  className?: string;
}

/** By what rows are ordered. */
export interface Sort {
  by: string;
  desc: boolean;
}

const features = tableFeatures({
  columnVisibilityFeature,
  rowSelectionFeature,
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric },
});

interface Options<T> {
  columns: readonly Column<T>[];
  rows: readonly T[];
  id: (row: T) => string;
  sort?: Sort | undefined;
  onSort?: ((sort: Sort) => void) | undefined;
  selected?: ReadonlySet<string> | undefined;
  onSelect?: ((ids: ReadonlySet<string>) => void) | undefined;
  hidden?: ReadonlySet<string> | undefined;
}

/** The state of a table: order, selection, hidden columns. */
export function useModel<T extends RowData>({
  columns,
  rows,
  id,
  sort,
  onSort,
  selected,
  onSelect,
  hidden,
}: Options<T>) {
  const [own, setOwn] = useState(sort);
  const order = onSort ? sort : own;
  const defs = useMemo(
    () =>
      columns.map((column) => ({
        id: column.key,
        accessorFn: (row: T) => column.sort?.(row) ?? undefined,
        enableSorting: column.sort !== undefined,
        sortFn: "alphanumeric" as const,
        sortUndefined: "last" as const,
      })),
    [columns],
  );
  const table = useTable({
    features,
    columns: defs,
    data: rows,
    getRowId: id,
    manualSorting: onSort !== undefined,
    state: {
      sorting: order ? [{ id: order.by, desc: order.desc }] : [],
      rowSelection: Object.fromEntries([...(selected ?? [])].map((each) => [each, true])),
      columnVisibility: Object.fromEntries([...(hidden ?? [])].map((each) => [each, false])),
    },
  });
  const visible = new Set(table.getVisibleLeafColumns().map((column) => column.id));
  const ids = () => table.getRowModel().rows.map((row) => row.id);
  return {
    columns: columns.filter((column) => visible.has(column.key)),
    rows: table.getRowModel().rows,
    sort: order,
    all: table.getIsAllRowsSelected(),
    some: table.getIsSomeRowsSelected(),
    sortBy(by: string) {
      const next = { by, desc: order?.by === by ? !order.desc : false };
      if (onSort) onSort(next);
      else setOwn(next);
    },
    select(row: string, on: boolean) {
      const next = new Set(selected);
      if (on) next.add(row);
      else next.delete(row);
      onSelect?.(next);
    },
    selectAll: (on: boolean) => onSelect?.(new Set(on ? ids() : [])),
  };
}
