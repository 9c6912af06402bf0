/** A piece of a line in one look. */
export interface Span {
  text: string;
  /** Classes of ansi.css; empty: plain. */
  look: string;
}

const esc = String.fromCharCode(27);
const bell = String.fromCharCode(7);
// A colour; any other sequence (cursor, title, link); characters that move or ring.
const sequence = new RegExp(
  [
    `${esc}\\[([0-9;:]*)m`,
    `${esc}\\[[0-?]*[ -/]*[@-~]`,
    `${esc}\\][^${bell}${esc}]*(?:${bell}|${esc}\\\\)?`,
    `${esc}[ -/]*[0-~]?`,
    "[\\u0000-\\u0008\\u000b-\\u001f\\u007f]",
  ].join("|"),
  "g",
);
const special = /[^ -~\u0080-\uffff]/;

const tab = "    ";

/** What a line says, without colours and without what a terminal would do. */
export function plain(text: string): string {
  return special.test(text) ? text.replace(sequence, "").replaceAll("\t", tab) : text;
}

interface Pen {
  ink: string;
  paper: string;
  marks: Set<string>;
}

const marks: Record<number, string> = {
  1: "bold",
  2: "dim",
  3: "italic",
  4: "line",
  7: "turned",
  9: "struck",
};
const ends: Record<number, readonly string[]> = {
  22: ["bold", "dim"],
  23: ["italic"],
  24: ["line"],
  27: ["turned"],
  29: ["struck"],
};

// 38 and 48 are followed by a colour of 256 or of all; the first sixteen are ours, of the others
// only the text stays.
function rich(codes: readonly number[], at: number): { skip: number; number: string } {
  const number = codes[at + 2] ?? 16;
  if (codes[at + 1] === 5) return { skip: 2, number: number < 16 ? String(number) : "" };
  return { skip: codes[at + 1] === 2 ? 4 : 0, number: "" };
}

const colours = [
  { base: 30, kind: "ink", first: 0 },
  { base: 90, kind: "ink", first: 8 },
  { base: 40, kind: "paper", first: 0 },
  { base: 100, kind: "paper", first: 8 },
] as const;

function one(pen: Pen, code: number): void {
  const mark = marks[code];
  if (mark) pen.marks.add(mark);
  for (const end of ends[code] ?? []) pen.marks.delete(end);
  if (code === 0) pen.marks.clear();
  if (code === 0 || code === 39) pen.ink = "";
  if (code === 0 || code === 49) pen.paper = "";
  const colour = colours.find(({ base }) => code >= base && code < base + 8);
  if (colour) pen[colour.kind] = `${colour.kind}-${code - colour.base + colour.first}`;
}

function apply(pen: Pen, text: string): void {
  const codes = text.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code !== 38 && code !== 48) {
      one(pen, code);
      continue;
    }
    const { skip, number } = rich(codes, i);
    const name = number && `${code === 38 ? "ink" : "paper"}-${number}`;
    if (code === 38) pen.ink = name;
    else pen.paper = name;
    i += skip;
  }
}

/** A line in pieces, each in its look. Their texts together are `plain` of the line. */
export function spans(text: string): Span[] {
  if (!special.test(text)) return [{ text, look: "" }];
  const pen: Pen = { ink: "", paper: "", marks: new Set() };
  const out: Span[] = [];
  const push = (part: string) => {
    if (!part) return;
    const look = [pen.ink, pen.paper, ...pen.marks].filter(Boolean).join(" ");
    const last = out[out.length - 1];
    if (last?.look === look) last.text += part;
    else out.push({ text: part, look });
  };
  let from = 0;
  for (const match of text.matchAll(sequence)) {
    push(text.slice(from, match.index).replaceAll("\t", tab));
    from = match.index + match[0].length;
    if (match[1] !== undefined) apply(pen, match[1]);
  }
  push(text.slice(from).replaceAll("\t", tab));
  return out;
}

/** A piece that may be part of what was found. */
export interface Marked extends Span {
  found: boolean;
}

/** The pieces cut again where something was found. */
export function cut(pieces: readonly Span[], pattern: RegExp | undefined): Marked[] {
  if (!pattern) return pieces.map((piece) => ({ ...piece, found: false }));
  const whole = pieces.map((piece) => piece.text).join("");
  const edges: number[] = [];
  for (const { index, 0: hit } of whole.matchAll(pattern)) edges.push(index, index + hit.length);
  const out: Marked[] = [];
  let start = 0;
  let edge = 0;
  for (const { text, look } of pieces) {
    const end = start + text.length;
    for (let at = start; at < end;) {
      while ((edges[edge] ?? Infinity) <= at) edge++;
      const to = Math.min(end, edges[edge] ?? end);
      out.push({ text: text.slice(at - start, to - start), look, found: edge % 2 === 1 });
      at = to;
    }
    start = end;
  }
  return out;
}
