import { base } from "../client";
import { Problem, readProblem } from "../errors";
import { tenantHeader } from "../tenant";
import { parser, type StreamEvent } from "./sse";
import type { Wants } from "./wants";

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
  /** A connection begins: what is not repeated may have been missed. */
  onOpen: () => void;
  /** Nobody is signed in any more; the stream has ended for good. */
  onSignedOut: () => void;
}

/** One connection that comes back by itself and goes on where it was. */
export class Stream {
  private current: AbortController | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private quiet: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private heard = Date.now();
  private state: LiveState["state"] = "connecting";

  /** Opens the stream; `last` is the id of the last event that was seen. */
  constructor(
    private last: string,
    private wants: Wants,
    private readonly options: StreamOptions,
  ) {
    addEventListener("online", this.online);
    void this.run();
  }

  /** Asks for these from now on. */
  want(wants: Wants): void {
    this.wants = wants;
    void this.run();
  }

  /** Tries again now. */
  retry(): void {
    void this.run();
  }

  /** Ends it for good. */
  close(): void {
    removeEventListener("online", this.online);
    clearTimeout(this.timer);
    clearTimeout(this.quiet);
    const connection = this.current;
    this.current = undefined;
    connection?.abort();
  }

  private readonly online = () => {
    if (this.state !== "live") void this.run();
  };

  private be(state: LiveState["state"], since: number): void {
    if (state === this.state) return;
    this.state = state;
    this.options.onState({ state, since });
  }

  private listen(connection: AbortController): void {
    this.heard = Date.now();
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => connection.abort(), silence);
  }

  private async run(): Promise<void> {
    clearTimeout(this.timer);
    const connection = new AbortController();
    this.current?.abort();
    this.current = connection;
    try {
      await this.read(connection);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        this.options.onSignedOut();
        return;
      }
    }
    if (this.current !== connection) return; // a newer one has taken over, or it was closed
    clearTimeout(this.quiet);
    // A restart is over in a moment; only what lasts longer is worth a word.
    if (this.failures > 1) this.be("stale", this.heard);
    this.timer = setTimeout(() => void this.run(), pauses[Math.min(this.failures, pauses.length - 1)]);
    this.failures++;
  }

  private async read(connection: AbortController): Promise<void> {
    const query = Object.entries(this.wants)
      .filter(([, list]) => list.length > 0)
      .map(([name, list]) => `${name}=${encodeURIComponent(list.join(","))}`)
      .join("&");
    const response = await fetch(`${base}/events${query && `?${query}`}`, {
      headers: {
        Accept: "text/event-stream",
        ...tenantHeader(),
        ...(this.last && { "Last-Event-ID": this.last }),
      },
      credentials: "same-origin",
      cache: "no-store",
      signal: connection.signal,
    });
    if (!response.ok || !response.body) throw await readProblem(response);
    this.failures = 0;
    this.be("live", Date.now());
    this.listen(connection);
    this.options.onOpen();
    const feed = parser((event) => {
      if (event.id) this.last = event.id;
      this.options.onEvent(event);
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.listen(connection);
      feed(value);
    }
  }
}
