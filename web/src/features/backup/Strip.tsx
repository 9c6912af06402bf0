import { type KeyboardEvent, useEffect, useRef, useState } from "react";

import { b } from "../../locales/backup";
import { clock, day } from "../../ui/format";
import { type Cell, cellName, named, type Unit } from "./timeline";
import "./backup.css";

const words = b.moments;

const timeOf = (cell: Cell, unit: Unit) =>
  unit === "days" ? day(cell.from) : `${day(cell.from)} ${clock(cell.from)}`;

function spoken(cell: Cell, unit: Unit): string {
  const time = timeOf(cell, unit);
  if (cell.n === 0) return words.empty(time);
  return words.cell(time, cell.n) + (cell.whole ? `, ${words.whole}` : "");
}

interface BarProps {
  cell: Cell;
  unit: Unit;
  chosen: boolean;
  stop: boolean;
  onChoose: () => void;
  onFocus: () => void;
}

function Bar({ cell, unit, chosen, stop, onChoose, onFocus }: BarProps) {
  const label = spoken(cell, unit);
  return (
    <button
      type="button"
      aria-label={label}
      aria-pressed={chosen}
      title={label}
      tabIndex={stop ? 0 : -1}
      onClick={onChoose}
      onFocus={onFocus}
    >
      <svg aria-hidden="true">
        {cell.n > 0 && (
          <rect
            className="some"
            width="100%"
            height={`${12 + cell.fill * 70}%`}
            y={`${88 - cell.fill * 70}%`}
          />
        )}
        {cell.n === 0 && <rect className="none" width="100%" height="2" y="96%" />}
        {cell.whole && <circle className="whole" cx="50%" cy="5" r="3" />}
      </svg>
    </button>
  );
}

interface StripProps {
  cells: readonly Cell[];
  unit: Unit;
  /** The moment that is chosen, in unix ms. */
  chosen: number;
  onChoose: (cell: Cell) => void;
}

/** Which cell the keyboard comes to first: the newest that holds something. */
const lastOf = (cells: readonly Cell[]) =>
  Math.max(
    0,
    cells.findLastIndex(({ n }) => n > 0),
  );

/** Where the strip is wider than the screen, shows its newest moments. */
function show(box: Element | null | undefined, bar: Element | undefined): void {
  if (!box || !bar) return;
  const { right, width } = bar.getBoundingClientRect();
  box.scrollLeft += right + 2 * width - box.getBoundingClientRect().right;
}

/** A strip of time: one stop for Tab, arrows move along it. */
export function Strip({ cells, unit, chosen, onChoose }: StripProps) {
  const line = useRef<HTMLDivElement>(null);
  const follow = useRef(false); // the keyboard was on a cell that was zoomed into
  const begin = cells[0]?.from;
  const last = lastOf(cells);
  const some = (cells[last]?.n ?? 0) > 0;
  const [at, setAt] = useState<{ begin: number | undefined; index: number }>();
  const stop = at && at.begin === begin ? at.index : last;
  const bars = () => [...(line.current?.querySelectorAll("button") ?? [])];
  useEffect(() => {
    const bar = bars()[last];
    show(line.current?.parentElement, bar);
    if (!follow.current || !some) return; // what is in the cells may still be on its way
    bar?.focus({ preventScroll: true });
    follow.current = false;
  }, [begin, last, some, unit]);
  const move = (event: KeyboardEvent) => {
    const to = { ArrowLeft: stop - 1, ArrowRight: stop + 1, Home: 0, End: cells.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    bars()[Math.max(0, Math.min(cells.length - 1, to))]?.focus();
  };
  const choose = (cell: Cell) => {
    follow.current = unit !== "minutes"; // else nothing is zoomed into
    onChoose(cell);
  };
  return (
    <div className="moments">
      <div
        ref={line}
        className="bars"
        role="group"
        aria-label={words.strip}
        title={words.arrows}
        onKeyDown={move}
      >
        {cells.map((cell, i) => (
          <Bar
            key={cell.from}
            cell={cell}
            unit={unit}
            chosen={chosen >= cell.from && chosen < cell.to}
            stop={i === stop}
            onChoose={() => choose(cell)}
            onFocus={() => setAt({ begin, index: i })}
          />
        ))}
      </div>
      <div className="names" aria-hidden="true">
        {cells.map((cell, i) => (
          <span key={cell.from}>{named(i, unit, cells.length) && <b>{cellName(cell, unit)}</b>}</span>
        ))}
      </div>
    </div>
  );
}
