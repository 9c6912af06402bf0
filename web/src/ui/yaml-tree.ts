import type { yamlLanguage } from "@codemirror/lang-yaml";

type Tree = ReturnType<typeof yamlLanguage.parser.parse>;
type Node = Tree["topNode"];

/** A key and its value. */
interface YamlEntry {
  key: string;
  from: number;
  to: number;
  /** The colon is there: it is a key, not a word on its way to one. */
  whole: boolean;
  value: YamlNode;
}

/** What a text in YAML holds, with where it stands. Anchors and tags are "other": they mean more than is written. */
export type YamlNode = { from: number; to: number } & (
  | { kind: "map"; flow: boolean; entries: YamlEntry[] }
  | { kind: "list"; flow: boolean; items: YamlNode[] }
  | { kind: "text"; value: string; quoted: boolean }
  | { kind: "none" }
  | { kind: "other" }
);

/** One document of a text of several. */
export interface YamlDocument {
  from: number;
  to: number;
  root: YamlNode;
}

function children(node: Node): Node[] {
  const out: Node[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) out.push(child);
  return out;
}

function unquoted(text: string): string {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1); // an escape that only YAML knows
  }
}

function entry(text: string, pair: Node): YamlEntry | undefined {
  const parts = children(pair);
  const key = parts.find((part) => part.name === "Key");
  if (!key) return undefined;
  const word = key.firstChild ?? key;
  const value = parts.find((part) => part.from >= key.to && ![":", "Comment", "⚠"].includes(part.name));
  const whole = parts.some((part) => part.name === ":");
  return {
    key: unquoted(text.slice(word.from, word.to)),
    from: word.from,
    to: word.to,
    whole,
    value: value ? read(text, value) : { kind: "none", from: key.to, to: pair.to },
  };
}

/** Reads a node of the syntax tree. */
function read(text: string, node: Node): YamlNode {
  const { from, to, name } = node;
  switch (name) {
    case "BlockMapping":
    case "FlowMapping":
      return {
        kind: "map",
        flow: name === "FlowMapping",
        from,
        to,
        entries: children(node).flatMap((child) => (child.name === "Pair" ? (entry(text, child) ?? []) : [])),
      };
    case "BlockSequence":
    case "FlowSequence":
      return {
        kind: "list",
        flow: name === "FlowSequence",
        from,
        to,
        items: children(node).flatMap((child) => (child.name === "Item" ? listItem(text, child) : [])),
      };
    case "Literal":
    case "QuotedLiteral": {
      const value = text.slice(from, to);
      const quoted = name === "QuotedLiteral";
      return { kind: "text", value: quoted ? unquoted(value) : value, quoted, from, to };
    }
    case "BlockLiteral":
      return { kind: "text", value: text.slice(from, to), quoted: true, from, to };
    default:
      return { kind: "other", from, to };
  }
}

function listItem(text: string, node: Node): YamlNode {
  const value = children(node).find((child) => !["Comment", "⚠"].includes(child.name));
  return value ? read(text, value) : { kind: "none", from: node.from, to: node.to };
}

const about = ["DirectiveEnd", "DocumentEnd", "Directive", "Comment", "⚠"];

/** The documents of a text, from its syntax tree. */
export function documents(text: string, tree: Tree): YamlDocument[] {
  const list = children(tree.topNode).filter((node) => node.name === "Document");
  return list.map((node, i) => {
    const value = children(node).find((child) => !about.includes(child.name));
    return {
      from: node.from,
      // What is typed below a document belongs to it until the next begins.
      to: list[i + 1]?.from ?? text.length,
      root: value ? read(text, value) : { kind: "none", from: node.to, to: node.to },
    };
  });
}

/** The text of a top-level key: apiVersion, kind. */
export function top(document: YamlDocument, key: string): string | undefined {
  if (document.root.kind !== "map") return undefined;
  const value = document.root.entries.find((each) => each.key === key)?.value;
  return value?.kind === "text" ? value.value : undefined;
}

/** Places where the syntax is wrong. */
export function errors(tree: Tree): { from: number; to: number }[] {
  const out: { from: number; to: number }[] = [];
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) out.push({ from: node.from, to: node.to });
    },
  });
  return out;
}

/** A step towards a value: a key, or the place in a list. */
export type Step = string | number;

/** Where a cursor is: in a document, at a path, on the word that begins at `from`. */
export interface Place {
  document: YamlDocument;
  /** What the word stands in: for a key its mapping, for a value the key of it. */
  path: Step[];
  at: "key" | "value";
  from: number;
  /** Keys that are there already. */
  taken: string[];
}

interface Line {
  path: Step[];
  column: number;
  from: number;
  list: boolean;
}

// Every key and every item that starts a line or follows a dash, with its column and path.
function outline(text: string, node: YamlNode, path: Step[], out: Line[]): void {
  const column = (at: number) => at - (text.lastIndexOf("\n", at - 1) + 1);
  if (node.kind === "map" && !node.flow) {
    for (const { key, from, value, whole } of node.entries) {
      if (whole) out.push({ path: [...path, key], column: column(from), from, list: false });
      outline(text, value, [...path, key], out);
    }
  } else if (node.kind === "list" && !node.flow) {
    node.items.forEach((each, i) => {
      const dash = text.lastIndexOf(
        "-",
        each.kind === "none" ? each.to : Math.max(0, startOf(text, each.from) - 1),
      );
      out.push({ path: [...path, i], column: column(dash), from: dash, list: true });
      outline(text, each, [...path, i], out);
    });
  }
}

// A mapping in a list begins with the space after the dash.
const startOf = (text: string, from: number): number =>
  from + (/^\s*/.exec(text.slice(from, from + 200))?.[0].length ?? 0);

function valueAt(root: YamlNode, path: readonly Step[]): YamlNode | undefined {
  let node: YamlNode | undefined = root;
  for (const step of path) {
    if (node?.kind === "map") node = node.entries.find((each) => each.key === step)?.value;
    else if (node?.kind === "list" && typeof step === "number") node = node.items[step];
    else return undefined;
  }
  return node;
}

function taken(root: YamlNode, path: readonly Step[], from: number): string[] {
  const node = valueAt(root, path);
  if (node?.kind !== "map") return [];
  return node.entries.filter((each) => each.from !== from).map((each) => each.key);
}

// The path of the mapping that a line belongs to: the nearest line above that is further left.
function parent(lines: readonly Line[], before: number, column: number, dashed: boolean): Step[] {
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i];
    if (!line || line.from >= before) continue;
    if (line.column < column) return line.path;
    // A list may stand as far left as the key it belongs to.
    if (dashed && line.column === column) return line.list ? line.path.slice(0, -1) : line.path;
  }
  return [];
}

// The path of the mapping that a line with the cursor is in, by what stands left of it: spaces and dashes.
function pathOf(text: string, root: YamlNode, begin: number, lead: string): Step[] {
  const lines: Line[] = [];
  outline(text, root, [], lines);
  const dash = lead.indexOf("-");
  if (dash < 0) return parent(lines, begin, lead.length, false);
  const item = lines.find((each) => each.list && each.from === begin + dash);
  return item?.path ?? [...parent(lines, begin, dash, true), 0];
}

const empty: YamlDocument = { from: 0, to: 0, root: { kind: "none", from: 0, to: 0 } };

/** Where the cursor is; undefined: in a comment, or where nothing can be said. */
export function place(text: string, tree: Tree, at: number): Place | undefined {
  const document = documents(text, tree).findLast((each) => each.from <= at) ?? empty;
  const begin = text.lastIndexOf("\n", at - 1) + 1;
  const [, lead = "", word = ""] = /^((?:\s*-(?=\s|$))*\s*)(.*)$/.exec(text.slice(begin, at)) ?? [];
  if (/(^|\s)#/.test(word)) return undefined;
  const path = pathOf(text, document.root, begin, lead);
  const pair = /^("[^"]*"|'[^']*'|[^\s:#{[]+):\s+(.*)$/.exec(word);
  if (!pair) {
    if (/[\s:{[]/.test(word)) return undefined;
    const from = at - word.length;
    return { document, path, at: "key", from, taken: taken(document.root, path, from) };
  }
  const [, key = "", value = ""] = pair;
  if (/^[|>&*!{[]/.test(value)) return undefined;
  return { document, path: [...path, unquoted(key)], at: "value", from: at - value.length, taken: [] };
}

const holds = ({ from, to }: { from: number; to: number }, at: number): boolean => at >= from && at <= to;

function below(node: YamlNode, at: number): Step[] | undefined {
  if (node.kind === "map") {
    const found = node.entries.find((each) => holds(each, at) || holds(each.value, at));
    if (!found) return undefined;
    if (holds(found, at)) return [found.key];
    const deeper = below(found.value, at);
    return deeper && [found.key, ...deeper];
  }
  if (node.kind !== "list") return undefined;
  const index = node.items.findIndex((each) => holds(each, at));
  const item = node.items[index];
  const deeper = item && below(item, at);
  return deeper && [index, ...deeper];
}

/** The path of the key that stands at a position. */
export const pathAt = (document: YamlDocument, at: number): Step[] | undefined => below(document.root, at);
