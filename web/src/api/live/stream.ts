import { base } from "../client";
import { Problem, readProblem } from "../errors";
import { parser, type StreamEvent } from "./sse";

const silence = 40_000; // two heartbeats and a half
const pauses = [250, 1000, 2000, 5000, 10_000];

/** Whether the stream runs, and since when it does or does not. */
export interface LiveState {
  state: "connecting" | "live" | "stale";
  since: number;
}

interface StreamOptions {
  onEvent: (event: StreamEvent) => void;
  onState: (state: LiveState) => void;
  /** Nobody is signed in any more; the stream has ended for good. */
  onSignedOut: () => void;
}

/** One connection that comes back by itself and goes on where it was. */
export interface Stream {
  want: (samples: readonly string[]) => void;
  retry: () => void;
  close: () => void;
}

/** Opens the stream; `last` is the id of the last event that was seen. */
export function openStream(last: string, options: StreamOptions): Stream {
  let samples: readonly string[] = [];
  let current: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let quiet: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let heard = Date.now();
  let state: LiveState["state"] = "connecting";

  const be = (next: LiveState["state"], since: number) => {
    if (next === state) return;
    state = next;
    options.onState({ state, since });
  };

  const listen = (connection: AbortController) => {
    heard = Date.now();
    clearTimeout(quiet);
    quiet = setTimeout(() => connection.abort(), silence);
  };

  const read = async (connection: AbortController) => {
    const query = samples.length > 0 ? `?samples=${encodeURIComponent(samples.join(","))}` : "";
    const response = await fetch(`${base}/events${query}`, {
      headers: { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }) },
      credentials: "same-origin",
      cache: "no-store",
      signal: connection.signal,
    });
    if (!response.ok || !response.body) throw await readProblem(response);
    failures = 0;
    be("live", Date.now());
    listen(connection);
    const feed = parser((event) => {
      if (event.id) last = event.id;
      options.onEvent(event);
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      listen(connection);
      feed(value);
    }
  };

  const run = async () => {
    clearTimeout(timer);
    const connection = new AbortController();
    current?.abort();
    current = connection;
    try {
      await read(connection);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        options.onSignedOut();
        return;
      }
    }
    clearTimeout(quiet);
    if (current !== connection) return; // a newer one has taken over, or it was closed
    // A restart is over in a moment; only what lasts longer is worth a word.
    if (failures > 1) be("stale", heard);
    timer = setTimeout(() => void run(), pauses[Math.min(failures, pauses.length - 1)]);
    failures++;
  };

  const now = () => {
    if (state !== "live") void run();
  };
  addEventListener("online", now);
  void run();

  return {
    want(next) {
      samples = next;
      void run();
    },
    retry: () => void run(),
    close() {
      removeEventListener("online", now);
      clearTimeout(timer);
      clearTimeout(quiet);
      const connection = current;
      current = undefined;
      connection?.abort();
    },
  };
}
