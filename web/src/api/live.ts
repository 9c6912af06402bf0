// One stream for all tabs of a browser that show one tenant. The tab that holds a lock reads
// it and passes every event on; the others listen. Each tab says which samples it wants; the
// leader asks the server for the union.
import { useEffect, useMemo, useSyncExternalStore } from "react";

import { queries, reportSignedOut } from "./client";
import { type Change, touches } from "./live/kinds";
import type { StreamEvent } from "./live/sse";
import { type LiveState, Stream } from "./live/stream";
import { allOf, inside, matches, type Wants } from "./live/wants";
import { tenant } from "./tenant";

/** What one poll of one server brought, of the series that were asked for. */
export interface Samples {
  server_id: string;
  /** Unix ms, by the appliance's clock. */
  at: number;
  points: { metric: string; labels: Record<string, string> | null; value: number }[];
}

/** Objects of a cluster that came, went or are other than they were; without keys, any of the kind. */
export interface Objects {
  cluster_id: string;
  kind: string;
  /** As in "namespace/name". */
  keys?: string[];
}

type Message =
  | { kind: "hello" } // a new leader asks what is wanted
  | { kind: "want"; tab: string; wants: Wants }
  | { kind: "event"; event: StreamEvent }
  | { kind: "open" }
  | { kind: "state"; state: LiveState }
  | { kind: "retry" };

interface Subscriber<Event> {
  wants: readonly string[];
  tell: (event: Event) => void;
}

const tab = crypto.randomUUID();
const subscribers = new Set<Subscriber<Samples>>();
const onlookers = new Set<Subscriber<Objects | undefined>>();
const watchers = new Set<() => void>();
const wanted = new Map<string, Wants>(); // by tab; only the leader's is complete

let live: LiveState = { state: "connecting", since: Date.now() };
let channel: BroadcastChannel | undefined;
let stream: Stream | undefined; // only in the leader
let sent: Wants = allOf([]);
let last = "";
let shrink: ReturnType<typeof setTimeout> | undefined;
let flush: ReturnType<typeof setTimeout> | undefined;
let changes: Change[] = [];

const post = (message: Message) => channel?.postMessage(message);

function beLive(next: LiveState): void {
  live = next;
  for (const tell of watchers) tell();
}

// Changes come in bursts; the queries they touch are fetched once a burst.
function changed(change: Change): void {
  changes.push(change);
  flush ??= setTimeout(() => {
    const burst = changes;
    changes = [];
    flush = undefined;
    void queries.invalidateQueries({
      predicate: ({ queryKey }) => burst.some((each) => touches(queryKey, each)),
    });
  }, 200);
}

function receive(event: StreamEvent): void {
  if (event.id) last = event.id;
  if (event.name === "change") changed(JSON.parse(event.data) as Change);
  else if (event.name === "reset") void queries.invalidateQueries();
  else if (event.name === "samples") {
    const samples = JSON.parse(event.data) as Samples;
    for (const { wants, tell } of subscribers) {
      const points = samples.points.filter((point) => matches(wants, samples.server_id, point.metric));
      if (points.length > 0) tell({ ...samples, points });
    }
  } else if (event.name === "objects") {
    const objects = JSON.parse(event.data) as Objects;
    for (const { wants, tell } of onlookers)
      if (matches(wants, objects.cluster_id, objects.kind)) tell(objects);
  }
}

// What changed of objects is not said again: whoever shows some looks for themselves.
function opened(): void {
  for (const { tell } of onlookers) tell(undefined);
}

// Wanting more is answered at once; wanting less can wait, since a page that is left is
// often followed by one that wants the same.
function ask(): void {
  if (!stream) return;
  const all = allOf(wanted.values());
  clearTimeout(shrink);
  if (JSON.stringify(all) === JSON.stringify(sent)) return;
  const go = () => {
    sent = all;
    stream?.want(all);
  };
  shrink = setTimeout(go, inside(all, sent) ? 15_000 : 30);
}

function want(): void {
  const samples = [...subscribers].flatMap((each) => each.wants);
  const wants = allOf([{ samples, objects: [...onlookers].flatMap((each) => each.wants) }]);
  wanted.set(tab, wants);
  if (stream) ask();
  else post({ kind: "want", tab, wants });
}

function lead(): void {
  sent = allOf(wanted.values());
  stream = new Stream(last, sent, {
    onEvent(event) {
      receive(event);
      post({ kind: "event", event });
    },
    onState(state) {
      beLive(state);
      post({ kind: "state", state });
    },
    onOpen() {
      opened();
      post({ kind: "open" });
    },
    onSignedOut: reportSignedOut,
  });
  post({ kind: "hello" });
}

// Another tab says what it wants. The lock of a tab is free once the tab is gone, however it went.
function heed(from: string, wants: Wants): void {
  if (!wanted.has(from)) {
    void navigator.locks?.request(`unity-tab-${from}`, () => {
      wanted.delete(from);
      ask();
    });
  }
  wanted.set(from, wants);
  post({ kind: "state", state: live });
  ask();
}

// A message for the leader, or for those who follow it.
function hear(message: Message): void {
  if (message.kind === "hello") post({ kind: "want", tab, wants: wanted.get(tab) ?? allOf([]) });
  else if (stream) {
    if (message.kind === "retry") stream.retry();
    else if (message.kind === "want") heed(message.tab, message.wants);
  } else if (message.kind === "event") receive(message.event);
  else if (message.kind === "open") opened();
  else if (message.kind === "state") beLive(message.state);
}

/** Keeps the stream while somebody is signed in; returns how to end it. */
export function connect(): () => void {
  const end = new AbortController();
  const held = new Promise<void>((resolve) => end.signal.addEventListener("abort", () => resolve()));
  const name = ["unity-live", tenant()].filter(Boolean).join("-");
  channel = new BroadcastChannel(name);
  channel.addEventListener("message", (event: MessageEvent<Message>) => hear(event.data));
  if (navigator.locks) {
    const ended = () => undefined; // aborted before its turn came
    navigator.locks.request(`unity-tab-${tab}`, { signal: end.signal }, () => held).catch(ended);
    navigator.locks
      .request(name, { signal: end.signal }, () => {
        lead();
        return held;
      })
      .catch(ended);
  } else lead(); // without locks every tab reads for itself
  want();
  return () => {
    stream?.close();
    stream = undefined;
    sent = allOf([]);
    channel?.close();
    channel = undefined;
    end.abort();
  };
}

const watch = (tell: () => void) => {
  watchers.add(tell);
  return () => void watchers.delete(tell);
};

const retry = () => (stream ? stream.retry() : post({ kind: "retry" }));

/** The state of the connection, and how to try again now. */
export function useLive(): LiveState & { retry: () => void } {
  const state = useSyncExternalStore(watch, () => live);
  return useMemo(() => ({ ...state, retry }), [state]);
}

// Joins those who are called back for as long as what they want is the same.
function useWanting<Event>(
  all: Set<Subscriber<Event>>,
  wants: readonly string[],
  tell: (event: Event) => void,
): void {
  const key = wants.join();
  useEffect(() => {
    if (!key) return;
    const subscriber = { wants: key.split(","), tell };
    all.add(subscriber);
    want();
    return () => {
      all.delete(subscriber);
      want();
    };
  }, [all, key, tell]);
}

/** Calls back with samples as they are measured; wants are "<server>|<metric>", either may be *. */
export const useSamples = (wants: readonly string[], tell: (samples: Samples) => void): void =>
  useWanting(subscribers, wants, tell);

/**
 * Calls back when objects of clusters change, and with nothing when some may have changed
 * unseen; wants are "<cluster>|<kind>", either may be *.
 */
export const useObjects = (wants: readonly string[], tell: (objects: Objects | undefined) => void): void =>
  useWanting(onlookers, wants, tell);
