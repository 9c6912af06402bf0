// A long list that the server keeps: what is in sight is fetched, and fetched again when it changes.
import { request } from "../../api/client";
import type { Query } from "./filter";
import type { Listed, ObjectsPage } from "./types";

const size = 100; // rows of a window
const most = 500; // rows that the server gives at once
const kept = 30; // windows that are held on to
const pause = 200; // at least so many ms between two questions about what changed

/** Asks for rows. */
export type Ask = (offset: number, limit: number, signal: AbortSignal) => Promise<ObjectsPage>;

/** Asks the server for rows of a query. */
export const asking =
  (query: Query): Ask =>
  async (offset, limit, signal) => {
    const params = { query: { ...query, offset, limit } };
    const { data } = await request.GET("/api/v1/clusters/objects", { params, signal });
    if (!data) throw new Error("no rows");
    return data;
  };

/** What identifies a row of a list. */
export const rowID = ({ cluster_id, namespace = "", name }: Listed): string =>
  `${cluster_id} ${namespace}/${name}`;

const same = (a: Listed | undefined, b: Listed): boolean =>
  a !== undefined && a.uid === b.uid && JSON.stringify(a) === JSON.stringify(b);

/** The rows of one query. It changes in place and says so. */
export class Windows {
  /** How many rows there are; undefined before the first answer. */
  total: number | undefined;
  page: ObjectsPage | undefined;
  error: unknown;
  private readonly held = new Map<number, readonly Listed[]>();
  private readonly old = new Set<number>(); // windows that may have changed since
  private readonly listeners = new Set<() => void>();
  private end: AbortController | undefined; // while somebody looks
  private span: readonly [first: number, last: number] = [0, 1];
  private busy = false;
  private asked = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private version = 0;

  constructor(private readonly ask: Ask) {}

  /** A row by its number; undefined while it is fetched. */
  readonly row = (index: number): Listed | undefined =>
    this.held.get(Math.floor(index / size))?.[index % size];

  /** Says which rows are drawn. */
  readonly see = (first: number, last: number): void => {
    this.span = [first, last];
    if (this.total !== undefined && this.missing()) void this.fetch();
  };

  /** Something may have changed. */
  readonly stir = (): void => {
    for (const at of this.held.keys()) this.old.add(at);
    this.later();
  };

  /** All rows, if they are not too many to be asked for at once. */
  async all(): Promise<readonly Listed[]> {
    return (await this.ask(0, most, AbortSignal.timeout(10_000))).items;
  }

  /** Tries again after it failed. */
  readonly retry = (): void => {
    this.error = undefined;
    this.tell();
    void this.fetch();
  };

  /** Calls back after every change. It asks for rows while somebody listens. */
  readonly subscribe = (tell: () => void): (() => void) => {
    this.listeners.add(tell);
    if (!this.end) {
      this.end = new AbortController();
      void this.fetch();
    }
    return () => {
      this.listeners.delete(tell);
      if (this.listeners.size === 0) this.stop();
    };
  };

  /** Another number whenever something is other than it was. */
  readonly changes = (): number => this.version;

  private stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.end?.abort();
    this.end = undefined;
    this.busy = false;
  }

  private windows(): [first: number, last: number] {
    const [first, last] = this.span;
    const from = Math.floor(first / size);
    return [from, Math.max(from, Math.ceil(Math.min(last, this.total ?? size) / size) - 1)];
  }

  private missing(): boolean {
    const [from, to] = this.windows();
    for (let at = from; at <= to; at++) if (!this.held.has(at) || this.old.has(at)) return true;
    return false;
  }

  private later(): void {
    if (this.timer !== undefined || this.busy || !this.end) return; // what is under way looks again when it is done
    const wait = Math.max(0, this.asked + pause - performance.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.fetch();
    }, wait);
  }

  private async fetch(): Promise<void> {
    if (this.busy || !this.end) return;
    const { signal } = this.end;
    this.busy = true;
    this.asked = performance.now();
    const [from, to] = this.windows();
    const limit = Math.min(most, (to - from + 1) * size);
    for (let at = from; at <= to; at++) this.old.delete(at); // what changes from now on makes it old again
    try {
      this.take(from, limit, await this.ask(from * size, limit, signal), signal);
    } catch (error) {
      if (signal.aborted) return;
      this.busy = false;
      this.error = error;
      this.tell();
      return;
    }
    if (signal.aborted) return;
    this.busy = false;
    const [first, last] = this.windows();
    if (first < from || last > to) void this.fetch(); // it was scrolled on meanwhile
    else if (this.missing()) this.later();
  }

  private take(from: number, limit: number, page: ObjectsPage, signal: AbortSignal): void {
    if (signal.aborted) return;
    for (let at = 0; at * size < limit; at++) {
      const before = this.held.get(from + at);
      const rows = page.items.slice(at * size, (at + 1) * size);
      // The same row is the same object, so that it is not drawn again.
      this.held.set(
        from + at,
        rows.map((row, i) => (same(before?.[i], row) ? (before?.[i] ?? row) : row)),
      );
    }
    this.total = page.total;
    this.page = page;
    this.error = undefined;
    this.forget(from);
    this.tell();
  }

  // Windows far from what is in sight go.
  private forget(from: number): void {
    if (this.held.size <= kept) return;
    const far = [...this.held.keys()].sort((a, b) => Math.abs(b - from) - Math.abs(a - from));
    for (const at of far.slice(0, this.held.size - kept)) {
      this.held.delete(at);
      this.old.delete(at);
    }
  }

  private tell(): void {
    this.version++;
    for (const each of this.listeners) each();
  }
}
