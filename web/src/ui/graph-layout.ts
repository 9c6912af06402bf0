/** What is drawn between two things. */
export interface Edge {
  from: string;
  to: string;
  label: string;
}

/** Where a thing stands, from the upper left. */
interface Placed {
  id: string;
  x: number;
  y: number;
}

/** A line from the right of one thing to the left of another, over points between. */
export interface Drawn extends Edge {
  points: readonly (readonly [x: number, y: number])[];
  /** It goes against the direction of the others, as one in every circle must. */
  back: boolean;
}

/** A graph with places. */
export interface Layout {
  nodes: Placed[];
  edges: Drawn[];
  width: number;
  height: number;
}

/** The size of every thing, and the space between. */
export const box = { width: 208, height: 48, across: 112, down: 16, margin: 8 } as const;

// Turns edges that close a circle, found by walking in depth.
function turned(ids: readonly string[], edges: readonly Edge[]): Set<Edge> {
  const out = new Set<Edge>();
  const state = new Map<string, "open" | "done">();
  const leaving = new Map<string, Edge[]>(ids.map((id) => [id, []]));
  for (const edge of edges) leaving.get(edge.from)?.push(edge);
  const visit = (id: string): void => {
    state.set(id, "open");
    for (const edge of leaving.get(id) ?? []) {
      if (state.get(edge.to) === "open") out.add(edge);
      else if (!state.has(edge.to)) visit(edge.to);
    }
    state.set(id, "done");
  };
  for (const id of ids) if (!state.has(id)) visit(id);
  return out;
}

type Arrow = readonly [from: string, to: string];

// The longest way to each from where nothing leads to.
function layers(ids: readonly string[], arrows: readonly Arrow[]): Map<string, number> {
  const layer = new Map(ids.map((id) => [id, 0]));
  const into = new Map(ids.map((id) => [id, 0]));
  for (const [, to] of arrows) into.set(to, (into.get(to) ?? 0) + 1);
  const ready = ids.filter((id) => into.get(id) === 0);
  for (let id = ready.shift(); id !== undefined; id = ready.shift())
    for (const [from, to] of arrows) {
      if (from !== id) continue;
      layer.set(to, Math.max(layer.get(to) ?? 0, (layer.get(id) ?? 0) + 1));
      const left = (into.get(to) ?? 0) - 1;
      into.set(to, left);
      if (left === 0) ready.push(to);
    }
  return layer;
}

// A line over several layers passes a place of its own in each of them.
function passages(arrow: Arrow, layer: Map<string, number>, key: number): string[] {
  const [from, to] = arrow;
  const out: string[] = [];
  for (let at = (layer.get(from) ?? 0) + 1; at < (layer.get(to) ?? 0); at++) {
    const id = `\n${key}\n${at}`; // no thing is called so
    layer.set(id, at);
    out.push(id);
  }
  return out;
}

function neighbours(chains: readonly (readonly string[])[]): Map<string, [string[], string[]]> {
  const out = new Map<string, [string[], string[]]>();
  const of = (id: string) => out.get(id) ?? out.set(id, [[], []]).get(id) ?? [[], []];
  for (const chain of chains)
    for (let i = 1; i < chain.length; i++) {
      const [a = "", b = ""] = [chain[i - 1], chain[i]];
      of(a)[1].push(b);
      of(b)[0].push(a);
    }
  return out;
}

const mean = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;

// Each layer in the order of the middle of what it is tied to, to and fro.
function order(rows: string[][], near: Map<string, [string[], string[]]>): void {
  const at = new Map<string, number>();
  const note = (row: readonly string[]) => row.forEach((id, i) => at.set(id, i));
  rows.forEach(note);
  for (let round = 0; round < 6; round++) {
    const side = round % 2;
    const walk = side === 0 ? rows : rows.toReversed();
    for (const row of walk) {
      const weight = new Map(
        row.map((id, i) => {
          const ties = (near.get(id)?.[side] ?? []).map((each) => at.get(each) ?? 0);
          return [id, ties.length > 0 ? mean(ties) : i] as const;
        }),
      );
      row.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0));
      note(row);
    }
  }
}

const isPassage = (id: string): boolean => id.startsWith("\n");
const tall = (id: string): number => (isPassage(id) ? box.down : box.height);

// Heights: as near to the middle of what it is tied to as those above and below allow.
function heights(rows: readonly string[][], near: Map<string, [string[], string[]]>): Map<string, number> {
  const y = new Map<string, number>();
  const stack = (row: readonly string[], wish: (id: string) => number | undefined): void => {
    let free = 0;
    const tops = row.map((id) => {
      const middle = wish(id);
      const top = middle === undefined ? free : Math.max(free, middle - tall(id) / 2);
      free = top + tall(id) + box.down;
      return top;
    });
    // What was pushed down by those above pulls the whole row up again by half of it.
    const wishes = row.flatMap((id, i) => {
      const middle = wish(id);
      return middle === undefined ? [] : [(tops[i] ?? 0) - (middle - tall(id) / 2)];
    });
    const up = wishes.length > 0 ? mean(wishes) : 0;
    row.forEach((id, i) => y.set(id, (tops[i] ?? 0) - up));
  };
  const middleOf = (side: 0 | 1) => (id: string) => {
    const ties = (near.get(id)?.[side] ?? []).flatMap((each) => {
      const top = y.get(each);
      return top === undefined ? [] : [top + tall(each) / 2];
    });
    return ties.length > 0 ? mean(ties) : undefined;
  };
  for (const row of rows) stack(row, middleOf(0));
  for (const row of rows.toReversed()) stack(row, middleOf(1));
  for (const row of rows) stack(row, middleOf(0));
  const least = Math.min(...y.values());
  for (const [id, top] of y) y.set(id, Math.round(top - least) + box.margin);
  return y;
}

/** Places things in layers from left to right, so that lines go one way and cross little. */
export function layout(ids: readonly string[], edges: readonly Edge[]): Layout {
  if (ids.length === 0) return { nodes: [], edges: [], width: 0, height: 0 };
  const known = new Set(ids);
  const valid = edges.filter((edge) => known.has(edge.from) && known.has(edge.to) && edge.from !== edge.to);
  const back = turned(ids, valid);
  const arrows = valid.map((edge): Arrow => (back.has(edge) ? [edge.to, edge.from] : [edge.from, edge.to]));
  const layer = layers(ids, arrows);
  const chains = arrows.map((arrow, i) => [arrow[0], ...passages(arrow, layer, i), arrow[1]]);
  const rows: string[][] = [];
  for (const [id, at] of layer) (rows[at] ??= []).push(id);
  const near = neighbours(chains);
  order(rows, near);
  const y = heights(rows, near);
  const left = (id: string) => box.margin + (layer.get(id) ?? 0) * (box.width + box.across);
  const middle = (id: string) => (y.get(id) ?? 0) + tall(id) / 2;
  const drawn = valid.map((edge, i): Drawn => {
    const chain = chains[i] ?? [];
    const points = chain.flatMap((id, step): [number, number][] => {
      if (step === 0) return [[left(id) + box.width, middle(id)]];
      if (step === chain.length - 1) return [[left(id), middle(id)]];
      return [
        [left(id), middle(id)],
        [left(id) + box.width, middle(id)],
      ];
    });
    return { ...edge, points, back: back.has(edge) };
  });
  return {
    nodes: ids.map((id) => ({ id, x: left(id), y: y.get(id) ?? 0 })),
    edges: drawn,
    width: rows.length * (box.width + box.across) - box.across + 2 * box.margin,
    height: Math.max(...[...y].map(([id, top]) => top + tall(id))) + box.margin,
  };
}

/** A line as a path of curves that leave and arrive level. */
export function path(points: Drawn["points"]): string {
  return points
    .map(([x, y], i) => {
      const [px, py] = points[i - 1] ?? [x, y];
      if (i === 0) return `M${x} ${y}`;
      const half = (x - px) / 2;
      return y === py ? `H${x}` : `C${px + half} ${py} ${x - half} ${y} ${x} ${y}`;
    })
    .join("");
}
