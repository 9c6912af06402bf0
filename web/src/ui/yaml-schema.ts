import type { Step, YamlNode } from "./yaml-tree";

/** A JSON Schema as the OpenAPI of Kubernetes has it. The outermost one holds what $ref names. */
export interface Schema {
  $ref?: string;
  allOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  anyOf?: readonly Schema[];
  type?: string;
  format?: string;
  description?: string;
  properties?: Readonly<Record<string, Schema>>;
  additionalProperties?: boolean | Schema;
  required?: readonly string[];
  items?: Schema;
  enum?: readonly unknown[];
  default?: unknown;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-embedded-resource"?: boolean;
  definitions?: Readonly<Record<string, Schema>>;
  components?: { schemas?: Readonly<Record<string, Schema>> };
}

/** A schema without $ref and allOf: what they say is put together. */
export function resolve(schema: Schema | undefined, root: Schema, depth = 0): Schema | undefined {
  if (!schema || depth > 20) return undefined;
  let out = schema;
  if (schema.$ref) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
    const { $ref: _, ...own } = schema;
    out = {
      ...resolve(root.components?.schemas?.[name] ?? root.definitions?.[name], root, depth + 1),
      ...own,
    };
  }
  if (out.allOf) {
    const { allOf, ...own } = out;
    out = Object.assign({}, ...allOf.map((each) => resolve(each, root, depth + 1)), own) as Schema;
  }
  return out;
}

const free = (schema: Schema): boolean => schema["x-kubernetes-preserve-unknown-fields"] === true;

/** The schema of a key of an object. */
function property(schema: Schema, key: string, root: Schema): Schema | undefined {
  const own = schema.properties?.[key];
  if (own) return resolve(own, root);
  return typeof schema.additionalProperties === "object"
    ? resolve(schema.additionalProperties, root)
    : undefined;
}

/** The schema of what stands at a path. */
export function schemaAt(root: Schema, path: readonly Step[]): Schema | undefined {
  let schema = resolve(root, root);
  for (const step of path) {
    if (!schema) return undefined;
    schema = typeof step === "number" ? resolve(schema.items, root) : property(schema, step, root);
  }
  return schema;
}

const mixed = (schema: Schema): boolean =>
  schema["x-kubernetes-int-or-string"] === true || schema.format === "int-or-string";

/** The kinds of value that a schema takes; empty: any. */
function types(schema: Schema): string[] {
  if (mixed(schema)) return ["integer", "string"];
  if (schema.type) return [schema.type];
  const choices = schema.oneOf ?? schema.anyOf ?? [];
  if (choices.some((each) => !each.type)) return [];
  if (choices.length > 0) return choices.flatMap((each) => each.type ?? []);
  return schema.properties ? ["object"] : [];
}

/** What may stand at a place, to choose from. */
export interface Option {
  label: string;
  /** "string", "[]object": what its value is. */
  type: string;
  description: string;
  required: boolean;
  /** How the value goes on after the key: on the line, below, below in a list. */
  next: "line" | "map" | "list";
}

function typeName(schema: Schema, root: Schema): string {
  if (schema.type === "array") return `[]${typeName(resolve(schema.items, root) ?? {}, root)}`;
  return types(schema).join(" or ") || "any";
}

/** The keys that an object takes, those it needs first. */
export function keys(root: Schema, path: readonly Step[], taken: readonly string[]): Option[] {
  const schema = schemaAt(root, path);
  if (!schema) return [];
  const needed = new Set(schema.required);
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => !taken.includes(key))
    .map(([label, raw]): Option => {
      const each = resolve(raw, root) ?? {};
      const [first] = types(each);
      return {
        label,
        type: typeName(each, root),
        description: raw.description ?? each.description ?? "",
        required: needed.has(label),
        next: first === "array" ? "list" : first === "object" ? "map" : "line",
      };
    })
    .sort((a, b) => Number(b.required) - Number(a.required) || a.label.localeCompare(b.label));
}

/** The values that may stand at a path, where they are few. */
export function values(root: Schema, path: readonly Step[]): string[] {
  const schema = schemaAt(root, path);
  if (schema?.enum) return schema.enum.map(String).filter(Boolean);
  return schema?.type === "boolean" ? ["true", "false"] : [];
}

/** What is wrong, and where. */
export type Problem = { from: number; to: number } & (
  | { is: "unknown" | "missing" | "twice"; key: string }
  | { is: "type"; want: string; found: string }
  | { is: "value"; want: string }
);

const integer = /^[-+]?(\d+|0x[\da-f]+|0o[0-7]+)$/i;
const float = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$|^[-+]?\.inf$|^\.nan$/i;

// The kind of a text as Kubernetes reads it: YAML 1.1, whose yes and no are true and false.
function typeOf(node: YamlNode): string {
  if (node.kind === "map") return "object";
  if (node.kind === "list") return "array";
  if (node.kind !== "text" || node.quoted) return "string";
  if (/^(true|false|yes|no|on|off)$/i.test(node.value)) return "boolean";
  if (integer.test(node.value)) return "integer";
  return float.test(node.value) ? "number" : "string";
}

const nothing = (node: YamlNode): boolean =>
  node.kind === "none" ||
  node.kind === "other" ||
  (node.kind === "text" && !node.quoted && /^(~|null)?$/i.test(node.value));

function fits(type: string, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.includes(type) || (type === "integer" && wanted.includes("number"));
}

const closed = (schema: Schema): boolean =>
  schema.properties !== undefined && !schema.additionalProperties && !free(schema);

function checkMap(node: YamlNode & { kind: "map" }, schema: Schema, root: Schema, out: Problem[]): void {
  const seen = new Set<string>();
  for (const { key, from, to, value } of node.entries) {
    if (key === "<<") return; // what an alias brings is not known here
    if (seen.has(key)) out.push({ is: "twice", key, from, to });
    seen.add(key);
    const next = property(schema, key, root);
    if (next) check(value, next, root, out);
    else if (closed(schema)) out.push({ is: "unknown", key, from, to });
  }
  const { from, to } = node.entries[0] ?? node;
  for (const key of schema.required ?? []) if (!seen.has(key)) out.push({ is: "missing", key, from, to });
}

/** What is wrong with a value, by its schema: keys nobody knows, wrong types, what is missing. */
export function check(node: YamlNode, schema: Schema, root: Schema, out: Problem[] = []): Problem[] {
  if (nothing(node)) return out;
  const wanted = types(schema);
  const found = typeOf(node);
  const { from, to } = node;
  if (!fits(found, wanted)) out.push({ is: "type", want: wanted.join(" or "), found, from, to });
  else if (node.kind === "map") checkMap(node, schema, root, out);
  else if (node.kind === "list") {
    const items = resolve(schema.items, root);
    if (items) for (const each of node.items) check(each, items, root, out);
  } else if (node.kind === "text" && schema.enum && !schema.enum.map(String).includes(node.value))
    out.push({ is: "value", want: schema.enum.map(String).join(", "), from, to });
  return out;
}
