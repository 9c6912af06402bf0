// The logs of one or many, read from a socket into a buffer.
import { useEffect, useState } from "react";

import type { components } from "../../api/schema";
import { o } from "../../locales/objects";
import { LogBuffer } from "../../ui/log-buffer";
import { socketHref } from "./socket";

/** A container whose lines are read. */
export type LogSource = components["schemas"]["LogSource"];
type Batch = components["schemas"]["LogBatch"];

/** Which lines are wanted. */
export interface LogQuery {
  of: readonly string[];
  container: string;
  previous: boolean;
  /** Seconds; 0: as long as there is anything. */
  since: number;
}

/** How the stream stands. */
export interface LogState {
  is: "connecting" | "open" | "ended" | "lost";
  why: string;
  sources: readonly LogSource[];
  dropped: number;
}

const begun: LogState = { is: "connecting", why: "", sources: [], dropped: 0 };

/** The same question as the part of an address. */
export function logParams({ of, container, previous, since }: LogQuery): URLSearchParams {
  const query = new URLSearchParams(of.map((each) => ["of", each]));
  if (container) query.set("container", container);
  if (previous) query.set("previous", "true");
  if (since > 0) query.set("since_seconds", String(since));
  return query;
}

/** The names of containers, as short as they can be told apart. */
export const nameOf = ({ name, container }: LogSource, alone: boolean): string =>
  alone ? (container ?? name) : [name, container].filter(Boolean).join("/");

class Reader {
  private readonly sources: LogSource[] = [];
  private dropped = 0;

  constructor(
    private readonly buffer: LogBuffer,
    private readonly tell: (change: Partial<LogState>) => void,
  ) {}

  take({ sources, lines, dropped = 0, ended }: Batch): void {
    for (const source of sources ?? []) this.sources[source.s] = source;
    if (dropped > 0) {
      this.dropped += dropped;
      this.buffer.append([{ text: o.logs.dropped(dropped) }]);
    }
    if (lines) {
      const pods = new Set(this.sources.filter(Boolean).map(({ name }) => name));
      this.buffer.append(
        lines.map(({ s, t, m }) => {
          const source = this.sources[s];
          return { text: m, at: Date.parse(t), source: source && nameOf(source, pods.size === 1) };
        }),
      );
    }
    if (sources || dropped || ended)
      this.tell({
        sources: this.sources.filter(Boolean),
        dropped: this.dropped,
        ...(ended && { is: "ended" as const }),
      });
  }
}

/** Reads the logs of a query for as long as the page shows them; `again` reads them anew. */
export function useLogs(query: LogQuery): { buffer: LogBuffer; state: LogState; again: () => void } {
  const [turn, setTurn] = useState(0);
  const key = logParams(query).toString();
  const [read, setRead] = useState(() => ({ buffer: new LogBuffer(), state: begun }));
  useEffect(() => {
    const params = new URLSearchParams(key);
    params.set("follow", "true");
    const buffer = new LogBuffer();
    setRead({ buffer, state: begun });
    const change = (part: Partial<LogState>) =>
      setRead((now) => (now.buffer === buffer ? { buffer, state: { ...now.state, ...part } } : now));
    const reader = new Reader(buffer, change);
    const socket = new WebSocket(socketHref("/clusters/logs", params));
    const end = new AbortController();
    const { signal } = end;
    socket.addEventListener("open", () => change({ is: "open" }), { signal });
    socket.addEventListener(
      "message",
      (event: MessageEvent<string>) => reader.take(JSON.parse(event.data) as Batch),
      { signal },
    );
    const over = ({ code, reason }: CloseEvent) =>
      change(code === 1000 ? { is: "ended" } : { is: "lost", why: reason });
    socket.addEventListener("close", over, { signal });
    return () => {
      end.abort();
      socket.close(1000);
    };
  }, [key, turn]);
  return { ...read, again: () => setTurn((n) => n + 1) };
}
