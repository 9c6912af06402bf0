// What the tabs of a browser want to see live. A want is "<server>|<metric>" or
// "<cluster>|<kind>"; either half may be *.

/** What a tab wants, or all of them. */
export interface Wants {
  samples: readonly string[];
  objects: readonly string[];
}

/** What all want together. */
export function allOf(wants: Iterable<Wants>): Wants {
  const all = [...wants];
  return {
    samples: union(all.map((each) => each.samples)),
    objects: union(all.map((each) => each.objects)),
  };
}

/** Whether everything wanted is already in what is being sent. */
export const inside = (wanted: Wants, sent: Wants): boolean =>
  within(wanted.samples, sent.samples) && within(wanted.objects, sent.objects);

/** Everything that any tab wants, sorted, without what a wider want covers. */
export function union(wants: Iterable<readonly string[]>): string[] {
  const all = new Set<string>();
  for (const each of wants) for (const want of each) all.add(want);
  return [...all].filter((want) => !covered(want, all)).sort();
}

const split = (want: string): [string, string] => {
  const bar = want.indexOf("|");
  return [want.slice(0, bar), want.slice(bar + 1)];
};

function covered(want: string, all: ReadonlySet<string>): boolean {
  const [server, metric] = split(want);
  return [`*|${metric}`, `${server}|*`, "*|*"].some((wider) => wider !== want && all.has(wider));
}

/** Whether everything wanted is already in what is being sent. */
export function within(wanted: readonly string[], sent: readonly string[]): boolean {
  const all = new Set(sent);
  return wanted.every((want) => all.has(want) || covered(want, all));
}

/** Whether what came answers one of the wants. */
export function matches(wants: readonly string[], server: string, metric: string): boolean {
  return wants.some((want) => {
    const [s, m] = split(want);
    return (s === "*" || s === server) && (m === "*" || m === metric);
  });
}
