import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useMemo, useRef, useState } from "react";

/** What moving through a list needs to know of it. */
export interface Walked<T> {
  total: number;
  row: (index: number) => T | undefined;
  id: (row: T) => string;
  selected?: ReadonlySet<string> | undefined;
  onSelect?: ((ids: ReadonlySet<string>) => void) | undefined;
  onSelectAll?: (() => void) | undefined;
  onOpen?: ((row: T) => void) | undefined;
}

/** Where a key takes the cursor; undefined: it is no key that moves. */
export function destination(key: string, at: number, total: number, page: number): number | undefined {
  const to = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: total - 1,
  }[key];
  return to === undefined ? undefined : Math.max(0, Math.min(total - 1, to));
}

/** The selection after rows `from` to `to` were switched on or off; those not fetched stay as they are. */
export function switched<T>(list: Walked<T>, from: number, to: number, on: boolean): Set<string> {
  const next = new Set(list.selected);
  for (let i = Math.min(from, to); i <= Math.max(from, to); i++) {
    const row = list.row(i);
    if (row === undefined) continue;
    if (on) next.add(list.id(row));
    else next.delete(list.id(row));
  }
  return next;
}

const isControl = ({ target, currentTarget }: KeyboardEvent<HTMLElement>) =>
  target !== currentTarget && (target as HTMLElement).closest("a, button, input") !== null;

// What a key does to the row it is pressed on; false: nothing.
function press<T>(list: Walked<T>, at: number, event: KeyboardEvent<HTMLElement>, pick: Pick): boolean {
  const { selected, onSelect, onOpen } = list;
  const row = list.row(at);
  if (row === undefined || isControl(event)) return false;
  if (event.key === " " && onSelect) {
    pick(at, event.shiftKey || !selected?.has(list.id(row)), event.shiftKey);
    return true;
  }
  if (event.key !== "Enter" || !onOpen) return false;
  onOpen(row);
  return true;
}

type Pick = (index: number, on: boolean, range: boolean) => void;

/** The row that has the keyboard, and what keys and presses do to it. */
export function useCursor<T>(list: Walked<T>, height: number) {
  const [cursor, setCursor] = useState(0);
  const mark = useRef<HTMLDivElement>(null);
  const moved = useRef(false);
  const anchor = useRef(0);
  const latest = useRef(list);
  useLayoutEffect(() => {
    latest.current = list;
  });
  useLayoutEffect(() => {
    if (moved.current) mark.current?.scrollIntoView({ block: "nearest" });
    moved.current = false;
  }, [cursor]);
  const at = Math.max(0, Math.min(cursor, list.total - 1));

  // The same functions for as long as the list is there, or every row would be drawn anew.
  const [onPick, onPointerDown] = useMemo(() => {
    const pick: Pick = (index, on, range) => {
      latest.current.onSelect?.(switched(latest.current, range ? anchor.current : index, index, on));
      anchor.current = index;
    };
    const down = (event: PointerEvent<HTMLElement>) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
      if (row) setCursor(Number(row.dataset["index"]));
    };
    return [pick, down] as const;
  }, []);

  function move(to: number, range: boolean): void {
    moved.current = true;
    if (range) list.onSelect?.(switched(list, at, to, true));
    anchor.current = to;
    setCursor(to);
  }

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    if (event.altKey || list.total === 0) return;
    const page = Math.max(1, Math.floor((innerHeight - 128) / height));
    if (event.ctrlKey || event.metaKey) {
      if (event.key !== "a" || !list.onSelectAll) return;
      list.onSelectAll();
    } else {
      const to = destination(event.key, at, list.total, page);
      if (to !== undefined) move(to, event.shiftKey);
      else if (!press(list, at, event, onPick)) return;
    }
    event.preventDefault();
  }
  return { at, mark, onPick, onKeyDown, onPointerDown };
}
