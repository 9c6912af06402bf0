import { plain } from "./log-ansi";

/** A line of a log. */
export interface LogLine {
  text: string;
  /** When it was written, unix ms. */
  at?: number | undefined;
  /** Who wrote it: a pod, a container. */
  source?: string | undefined;
}

/**
 * The last lines of a log, so many and no more: the oldest go, and are counted. A line keeps its
 * number for ever, so that nothing that points at one is moved when others go.
 */
export class LogBuffer {
  /** The number of the oldest line that is here, and so of how many have gone. */
  first = 0;
  /** The number that the next line gets. */
  end = 0;
  /** How many characters the lines have. */
  size = 0;
  private readonly ring: (LogLine | undefined)[] = [];
  private readonly listeners = new Set<() => void>();

  constructor(
    readonly maxLines = 50_000,
    readonly maxSize = 20_000_000,
  ) {}

  /** Adds lines at the end. */
  append(lines: readonly LogLine[]): void {
    for (const line of lines) {
      while (
        this.end - this.first >= this.maxLines ||
        (this.end > this.first && this.size + line.text.length > this.maxSize)
      )
        this.drop();
      this.ring[this.end % this.maxLines] = line;
      this.end++;
      this.size += line.text.length;
    }
    this.tell();
  }

  /** Empties it; those who look at it begin anew. */
  clear(): void {
    while (this.end > this.first) this.drop();
    this.tell();
  }

  /** A line by its number. */
  line(number: number): LogLine | undefined {
    return number >= this.first && number < this.end ? this.ring[number % this.maxLines] : undefined;
  }

  /** What all lines say, to copy or to save. */
  text(): string {
    const out: string[] = [];
    for (let i = this.first; i < this.end; i++) {
      const { text = "", at, source } = this.line(i) ?? {};
      out.push(
        [at === undefined ? "" : new Date(at).toISOString(), source, plain(text)].filter(Boolean).join(" "),
      );
    }
    return out.join("\n");
  }

  /** Calls `tell` after every change, as often as it happens: who draws waits for a frame. */
  subscribe(tell: () => void): () => void {
    this.listeners.add(tell);
    return () => this.listeners.delete(tell);
  }

  private drop(): void {
    const at = this.first % this.maxLines;
    this.size -= this.ring[at]?.text.length ?? 0;
    this.ring[at] = undefined;
    this.first++;
  }

  private tell(): void {
    for (const each of this.listeners) each();
  }
}

const ascii = /^[ -~]*$/;
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u;

/** How many columns a text takes where every letter is as wide as another. */
export function cells(text: string): number {
  if (ascii.test(text)) return text.length;
  let count = 0;
  for (const letter of text) count += wide.test(letter) ? 2 : 1;
  return count;
}

/**
 * Where each line stands when long ones are wrapped after so many columns. It holds one sum a
 * line, so that a line is added or goes in no time, and one is found by halving.
 */
export class LogRows {
  private readonly sums: Float64Array;
  private done: number;
  // The oldest line as of the last sync: all answers between two of them agree with each other.
  private base: number;

  constructor(
    readonly buffer: LogBuffer,
    /** 0: nothing is wrapped. */
    readonly columns: number,
    /** The columns of what stands before the text of a line. */
    readonly lead: (line: LogLine) => number,
  ) {
    this.sums = new Float64Array(buffer.maxLines + 1);
    this.done = buffer.first;
    this.base = buffer.first;
    this.sync();
  }

  /** Takes in what was added since. */
  sync(): void {
    const { buffer, sums } = this;
    // Lines that came and went between two frames were never seen.
    if (this.done < buffer.first) this.done = this.restart(buffer.first);
    for (; this.done < buffer.end; this.done++) {
      const line = buffer.line(this.done);
      const rows = line && this.columns ? this.rows(line) : 1;
      sums[(this.done + 1) % sums.length] = this.sum(this.done) + rows;
    }
    this.base = buffer.first;
  }

  /** How many rows all lines take. */
  get total(): number {
    return this.sum(this.done) - this.sum(this.base);
  }

  /** Rows above the oldest line that has ever been here: how far everything moved up. */
  get gone(): number {
    return this.sum(this.base);
  }

  /** How many rows stand above a line. */
  above(number: number): number {
    const within = Math.max(this.base, Math.min(this.done, number));
    return this.sum(within) - this.gone;
  }

  /** The line that a row belongs to. */
  at(row: number): number {
    let low = this.base;
    let high = Math.max(low, this.done - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.above(middle) <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private sum(number: number): number {
    return this.sums[number % this.sums.length] ?? 0;
  }

  private restart(first: number): number {
    const { sums } = this;
    sums[first % sums.length] = this.sum(this.done);
    return first;
  }

  private rows(line: LogLine): number {
    return Math.max(1, Math.ceil((this.lead(line) + cells(plain(line.text))) / this.columns));
  }
}

/** Finds lines that hold a text, however it is written, a part of the buffer at a time. */
export class LogSearch {
  /** Matches of what is sought, to mark them; undefined: nothing is sought. */
  readonly pattern: RegExp | undefined;
  private hits: number[] = [];
  private done: number;

  constructor(
    readonly buffer: LogBuffer,
    query: string,
  ) {
    this.pattern = query
      ? new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`), "giu")
      : undefined;
    this.done = buffer.first;
  }

  /** Reads up to so many lines more; whether some are left. */
  step(lines: number): boolean {
    const { buffer, pattern } = this;
    if (!pattern) return false;
    this.done = Math.max(this.done, buffer.first);
    const to = Math.min(buffer.end, this.done + lines);
    for (; this.done < to; this.done++) {
      pattern.lastIndex = 0;
      if (pattern.test(plain(buffer.line(this.done)?.text ?? ""))) this.hits.push(this.done);
    }
    if ((this.hits[0] ?? Infinity) < buffer.first) this.hits = this.hits.slice(this.before(buffer.first));
    return this.done < buffer.end;
  }

  /** How many lines were found. */
  get count(): number {
    return this.hits.length;
  }

  /** Which of them a line is, from 1; 0: none. */
  place(line: number): number {
    const at = this.before(line);
    return this.hits[at] === line ? at + 1 : 0;
  }

  /** The next one after a line, or the first. */
  next(line: number): number | undefined {
    return this.hits[this.before(line + 1)] ?? this.hits[0];
  }

  /** The one before a line, or the last. */
  previous(line: number): number | undefined {
    return this.hits[this.before(line) - 1] ?? this.hits[this.hits.length - 1];
  }

  // How many of the found lines stand before this one.
  private before(line: number): number {
    let low = 0;
    let high = this.hits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.hits[middle] ?? 0) < line) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
