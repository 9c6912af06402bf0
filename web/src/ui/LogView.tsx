import "./ansi.css";
import "./terminal.css";
import "./log.css";

import clsx from "clsx";
import { ArrowDownToLine, Clock, Copy, Tag, WrapText } from "lucide-react";
import { type ClipboardEvent, memo, type ReactNode, useMemo, useState } from "react";

import { p } from "../locales/parts";
import { Button, IconButton } from "./Button";
import { FindBar } from "./FindBar";
import { cut, spans } from "./log-ansi";
import type { LogBuffer, LogLine } from "./log-buffer";
import { type LogLook, useLogFind, useLogView } from "./log-view";
import { Mark } from "./mark";
import { wall } from "./zone";

// Colours that say nothing about how something stands.
const inks = [4, 5, 6, 12, 13, 14, 2, 10];

/** The colour of a name, the same wherever it stands. */
function nameInk(name: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return `ink-${inks[(hash >>> 0) % inks.length]}`;
}

interface LineProps {
  line: LogLine;
  number: number;
  look: LogLook;
  pattern: RegExp | undefined;
  current: boolean;
}

const Line = memo(function Line({ line, number, look, pattern, current }: LineProps) {
  const { text, at, source } = line;
  return (
    <div className="log-line" data-number={number} aria-current={current || undefined}>
      {look.times && at !== undefined && <time>{wall(at).toISOString().slice(11, 23)} </time>}
      {look.names && source !== undefined && <span className={nameInk(source)}>{source} </span>}
      {cut(spans(text), pattern).map((piece, i) =>
        piece.found ? (
          <mark key={i}>{piece.text}</mark>
        ) : piece.look ? (
          <span key={i} className={piece.look}>
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </div>
  );
});

interface LogViewProps {
  /** Whose log it is, spoken. */
  label: string;
  /** The page appends to it; it outlives the view, so that a tab may close and open. */
  buffer: LogBuffer;
  /** Names of who wrote stand before their lines: the log of several. */
  named?: boolean;
  /** More to choose, of the page: since when, which container. */
  children?: ReactNode;
  /** How the stream stands, below. */
  state?: ReactNode;
}

const lookKey = "unity-logs";

function useLook(): readonly [LogLook, (next: Partial<LogLook>) => void] {
  const [look, setLook] = useState<LogLook>(() => {
    const set = (localStorage.getItem(lookKey) ?? "names").split(" ");
    return { wrap: set.includes("wrap"), times: set.includes("times"), names: set.includes("names") };
  });
  const change = (part: Partial<LogLook>) => {
    const next = { ...look, ...part };
    const on = (["wrap", "times", "names"] as const).filter((key) => next[key]);
    localStorage.setItem(lookKey, on.join(" "));
    setLook(next);
  };
  return [look, change];
}

interface ToolsProps {
  look: LogLook;
  named: boolean;
  change: (next: Partial<LogLook>) => void;
  buffer: LogBuffer;
}

function Tools({ look, named, change, buffer }: ToolsProps) {
  const toggle = (key: keyof LogLook, icon: ReactNode) => (
    <IconButton
      size="small"
      label={p.log[key]}
      aria-pressed={look[key]}
      onClick={() => change({ [key]: !look[key] })}
    >
      {icon}
    </IconButton>
  );
  return (
    <span className="tools row">
      {toggle("wrap", <WrapText className="icon" aria-hidden="true" />)}
      {toggle("times", <Clock className="icon" aria-hidden="true" />)}
      {named && toggle("names", <Tag className="icon" aria-hidden="true" />)}
      <IconButton
        size="small"
        label={p.log.copy}
        onClick={() => void navigator.clipboard.writeText(buffer.text())}
      >
        <Copy className="icon" aria-hidden="true" />
      </IconButton>
    </span>
  );
}

interface FootProps {
  buffer: LogBuffer;
  state: ReactNode;
  following: boolean;
  onFollow: () => void;
}

function Foot({ buffer, state, following, onFollow }: FootProps) {
  return (
    <div className="logs-foot">
      {state}
      <span className="clip">
        {p.log.lines(buffer.end - buffer.first)}
        {buffer.first > 0 && `, ${p.log.gone(buffer.first)}`}
      </span>
      <span className="row ml-auto">
        {following ? (
          <span className="status">
            <Mark shape="half" tone="info" />
            {p.log.following}
          </span>
        ) : (
          <Button
            size="small"
            icon={<ArrowDownToLine className="icon" aria-hidden="true" />}
            onClick={onFollow}
          >
            {p.log.follow}
          </Button>
        )}
      </span>
    </div>
  );
}

/**
 * Lines as they are written: it draws what is in sight, once a frame however many come. It
 * follows the end until the reader scrolls up. It is a log, but not read out by itself: lines
 * come faster than anybody speaks.
 */
export function LogView({ label, buffer, named = false, children, state }: LogViewProps) {
  const [chosen, change] = useLook();
  const look = useMemo(() => ({ ...chosen, names: chosen.names && named }), [chosen, named]);
  const { box, probe, hint, all, show, ...view } = useLogView(buffer, look);
  const find = useLogFind(buffer, show);
  const lines: ReactNode[] = [];
  for (let number = view.first; number < view.last; number++) {
    const line = buffer.line(number);
    if (!line) continue;
    lines.push(
      <Line
        key={number}
        line={line}
        number={number}
        look={look}
        pattern={find.pattern}
        current={number === find.current}
      />,
    );
  }
  // Ctrl-A and copy take all lines, those that are not drawn too.
  function onCopy(event: ClipboardEvent): void {
    if (!all) return;
    event.clipboardData.setData("text/plain", buffer.text());
    event.preventDefault();
  }
  return (
    <section className="logs" aria-label={label}>
      <div className="logs-head">
        <FindBar
          count={find.count}
          at={find.at}
          onQuery={find.seek}
          onNext={find.next}
          onPrevious={find.previous}
        />
        {children}
        <Tools look={chosen} named={named} change={change} buffer={buffer} />
      </div>
      <div
        ref={box}
        role="log"
        aria-live="off"
        aria-label={label}
        aria-describedby={hint}
        tabIndex={0}
        className="logs-view"
        onScroll={view.onScroll}
        onKeyDown={view.onKeyDown}
        onPointerDown={view.onPointerDown}
        onCopy={onCopy}
      >
        <div style={{ height: view.height }} />
        <div className={clsx("logs-lines", look.wrap && "wrap")} style={{ translate: `0 ${view.top}px` }}>
          <span ref={probe} className="probe" aria-hidden="true">
            {"0".repeat(50)}
          </span>
          {lines}
          {buffer.end === buffer.first && <p className="text-faint">{p.log.empty}</p>}
        </div>
        <span id={hint} hidden>
          {p.log.keys}
        </span>
      </div>
      <Foot buffer={buffer} state={state} following={view.following} onFollow={view.follow} />
    </section>
  );
}
