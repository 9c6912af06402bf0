// What the tabs of a browser want to see live. A want is "<server>|<metric>"; either may be *.

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

/** Whether a sample answers one of the wants. */
export function matches(wants: readonly string[], server: string, metric: string): boolean {
  return wants.some((want) => {
    const [s, m] = split(want);
    return (s === "*" || s === server) && (m === "*" || m === metric);
  });
}
