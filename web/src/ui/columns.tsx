import { Columns3 } from "lucide-react";
import { useCallback, useState } from "react";

import { p } from "../locales/parts";
import { IconButton } from "./Button";
import { Menu, MenuCheck, MenuLabel } from "./Menu";

import type { Column } from "./table-model";

function remembered(key: string): ReadonlySet<string> {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return new Set(Array.isArray(list) ? list.filter((each) => typeof each === "string") : []);
  } catch {
    return new Set(); // storage may be forbidden, or hold what an older version wrote
  }
}

/** The columns that a reader has hidden in this browser, and how one is hidden or shown. */
export function useHidden(
  key: string,
): readonly [hidden: ReadonlySet<string>, show: (column: string, on: boolean) => void] {
  const [hidden, setHidden] = useState(() => remembered(key));
  const show = useCallback(
    (column: string, on: boolean) => {
      setHidden((now) => {
        const next = new Set(now);
        if (on) next.delete(column);
        else next.add(column);
        try {
          localStorage.setItem(key, JSON.stringify([...next]));
        } catch {
          // Then it holds for this visit.
        }
        return next;
      });
    },
    [key],
  );
  return [hidden, show];
}

interface ColumnMenuProps<T> {
  columns: readonly Column<T>[];
  hidden: ReadonlySet<string>;
  show: (column: string, on: boolean) => void;
}

/** Which columns a table shows. The name of a thing cannot be hidden. */
export function ColumnMenu<T>({ columns, hidden, show }: ColumnMenuProps<T>) {
  return (
    <Menu
      trigger={
        <IconButton label={p.table.columns} size="small">
          <Columns3 className="icon" aria-hidden="true" />
        </IconButton>
      }
    >
      <MenuLabel>{p.table.columns}</MenuLabel>
      {columns
        .filter((column) => column.phone !== "name" && !column.onlyPhone)
        .map((column) => (
          <MenuCheck
            key={column.key}
            checked={!hidden.has(column.key)}
            onChange={(on) => show(column.key, on)}
          >
            {column.head}
          </MenuCheck>
        ))}
    </Menu>
  );
}
