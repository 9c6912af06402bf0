import {
  type KeyboardEvent,
  type RefObject,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "react";

import { type LogBuffer, type LogLine, LogRows, LogSearch } from "./log-buffer";

/** What is shown of a line, and how. */
export interface LogLook {
  wrap: boolean;
  times: boolean;
  names: boolean;
}

const beyond = 10; // rows drawn above and below what is in sight
const held = 2000; // lines kept drawn at most because some of them are selected

// Calls once a frame at most, however often the buffer changes.
function useFrames(buffer: LogBuffer, tell: () => void): void {
  const latest = useRef(tell);
  useLayoutEffect(() => {
    latest.current = tell;
  });
  useEffect(() => {
    let frame = 0;
    const stop = buffer.subscribe(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        latest.current();
      });
    });
    latest.current();
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [buffer]);
}

interface Size {
  /** A row, in px. */
  row: number;
  /** The place, in px. */
  height: number;
  /** Letters that fit side by side. */
  columns: number;
}

// The place and its letters, measured, and again when the place changes.
function useSize(box: RefObject<HTMLElement | null>, probe: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ row: 20, height: 600, columns: 80 });
  useLayoutEffect(() => {
    const element = box.current;
    const letters = probe.current;
    if (!element || !letters) return;
    const measure = () => {
      const style = getComputedStyle(element);
      const padding = letters.parentElement ? getComputedStyle(letters.parentElement) : style;
      const inner =
        element.clientWidth -
        Number.parseFloat(padding.paddingLeft) -
        Number.parseFloat(padding.paddingRight);
      const letter = letters.getBoundingClientRect().width / 50 || 8;
      if (element.clientHeight === 0) return; // in a tab that is not shown
      setSize({
        row: Number.parseFloat(style.lineHeight) || 20,
        height: element.clientHeight,
        columns: Math.max(10, Math.floor(inner / letter)),
      });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box, probe]);
  return size;
}

const lineOf = (node: Node | null): number | undefined => {
  const element = node instanceof Element ? node : node?.parentElement;
  const number = element?.closest<HTMLElement>("[data-number]")?.dataset["number"];
  return number === undefined ? undefined : Number(number);
};

/** The lines that are selected: they must stay drawn, or the selection would be lost. */
function selectedLines(box: HTMLElement): readonly [number, number] | undefined {
  const selection = getSelection();
  if (!selection || selection.isCollapsed || !box.contains(selection.anchorNode)) return undefined;
  const a = lineOf(selection.anchorNode);
  const b = lineOf(selection.focusNode);
  return a === undefined || b === undefined ? undefined : [Math.min(a, b), Math.max(a, b)];
}

function useSelected(box: RefObject<HTMLElement | null>): readonly [number, number] | undefined {
  const [selected, setSelected] = useState<readonly [number, number]>();
  useEffect(() => {
    const look = () =>
      setSelected((now) => {
        const next = box.current ? selectedLines(box.current) : undefined;
        return now?.join() === next?.join() ? now : next;
      });
    document.addEventListener("selectionchange", look);
    return () => document.removeEventListener("selectionchange", look);
  }, [box]);
  return selected;
}

function useRows(buffer: LogBuffer, look: LogLook, width: number): LogRows {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const columns = look.wrap ? width : 0;
  const rows = useMemo(() => {
    const lead = ({ at, source }: LogLine) =>
      (look.times && at !== undefined ? 13 : 0) + (look.names && source ? source.length + 1 : 0);
    return new LogRows(buffer, columns, lead);
  }, [buffer, columns, look.times, look.names]);
  useFrames(buffer, () => {
    rows.sync();
    draw();
  });
  return rows;
}

// The lines to draw: those in sight, some around them, and those that are selected.
function drawn(
  rows: LogRows,
  from: number,
  size: Size,
  selected: readonly [number, number] | undefined,
): readonly [first: number, end: number] {
  const { buffer } = rows;
  const first = rows.at(Math.max(0, from - beyond));
  if (buffer.end === buffer.first) return [first, first];
  const end = rows.at(from + Math.ceil(size.height / size.row) + beyond) + 1;
  if (!selected) return [first, end];
  return [
    Math.max(buffer.first, Math.min(first, Math.max(selected[0], first - held))),
    Math.min(buffer.end, Math.max(end, Math.min(selected[1] + 1, end + held))),
  ];
}

/** What is drawn of a log, and how it follows the end. */
export function useLogView(buffer: LogBuffer, look: LogLook) {
  const box = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const size = useSize(box, probe);
  const [scroll, setScroll] = useState(0); // the row on top, counted from the first there ever was
  const [following, setFollowing] = useState(true);
  const last = useRef({ top: 0, gone: 0, line: 0 });
  const [all, setAll] = useState(false);
  const selected = useSelected(box);

  const rows = useRows(buffer, look, size.columns);

  // Other rows (wrapped, wider): the line on top stays on top.
  useLayoutEffect(() => {
    last.current.gone = rows.gone;
    if (box.current) box.current.scrollTop = rows.above(last.current.line) * size.row;
  }, [rows, size.row]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    // Lines above have gone: what is read stays where it is.
    const up = (rows.gone - last.current.gone) * size.row;
    last.current.gone = rows.gone;
    if (following) element.scrollTop = element.scrollHeight;
    else if (up > 0) element.scrollTop -= up;
    last.current.top = element.scrollTop;
  });

  function onScroll(): void {
    const element = box.current;
    if (!element) return;
    const end = element.scrollHeight - element.clientHeight - element.scrollTop < size.row;
    const moved = element.scrollTop - last.current.top; // 0: it was not the reader
    if (moved > 0 && end) setFollowing(true);
    else if (moved < -1 && !end) setFollowing(false);
    last.current.top = element.scrollTop;
    last.current.line = rows.at(Math.floor(element.scrollTop / size.row));
    setScroll(rows.gone + Math.floor(element.scrollTop / size.row));
  }
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "a" && (event.ctrlKey || event.metaKey) && box.current) {
      event.preventDefault();
      getSelection()?.selectAllChildren(box.current);
      setAll(true);
    } else if (event.key === "End") setFollowing(true);
    else if (event.key === "Home") setFollowing(false);
  }
  /** Brings a line into the middle. */
  function show(number: number): void {
    setFollowing(false);
    if (!box.current) return;
    box.current.scrollTop = rows.above(number) * size.row - size.height / 2;
    last.current.top = box.current.scrollTop;
  }

  const from = following ? rows.total - Math.ceil(size.height / size.row) : scroll - rows.gone;
  const [first, end] = drawn(rows, from, size, all ? undefined : selected);
  return {
    box,
    probe,
    hint: useId(),
    all,
    first,
    last: end,
    top: rows.above(first) * size.row,
    height: rows.total * size.row,
    following,
    follow: () => setFollowing(true),
    onScroll,
    onPointerDown: () => setAll(false),
    onKeyDown,
    show,
  };
}

const part = 5000; // lines that are searched in one frame

/** What is sought in a log, where one stands, and how one goes on. */
export function useLogFind(buffer: LogBuffer, show: (line: number) => void) {
  const [search, setSearch] = useState(() => new LogSearch(buffer, ""));
  const [current, setCurrent] = useState(-1);
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const frame = useRef(0);

  function step(): void {
    cancelAnimationFrame(frame.current);
    if (search.step(part)) frame.current = requestAnimationFrame(step);
    draw();
  }
  useFrames(buffer, () => {
    if (search.pattern) step();
  });
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  function seek(query: string): void {
    cancelAnimationFrame(frame.current);
    const next = new LogSearch(buffer, query);
    setSearch(next);
    setCurrent(-1);
    const more = () => {
      if (next.step(part)) frame.current = requestAnimationFrame(more);
      draw();
    };
    more();
  }
  function go(line: number | undefined): void {
    if (line === undefined) return;
    setCurrent(line);
    show(line);
  }
  return {
    pattern: search.pattern,
    count: search.count,
    at: search.place(current),
    current,
    seek,
    next: () => go(search.next(current)),
    previous: () => go(search.previous(current < 0 ? buffer.end : current)),
  };
}
