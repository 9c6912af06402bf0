// A channel's config as the lines of text that a form holds, and back. All functions are pure.
import type { ChannelField } from "../../api/types";

/** The text of every field. */
export type Texts = Record<string, string>;

function textOf(field: ChannelField, value: unknown): string {
  if (value == null) return "";
  if (field.type === "list" && Array.isArray(value)) return value.join("\n");
  if (field.type === "secrets" && typeof value === "object")
    return Object.entries(value)
      .map(([name, secret]) => `${name}: ${String(secret)}`)
      .join("\n");
  return typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean);
}

/** What the form of a config begins with. */
export function toTexts(
  fields: readonly ChannelField[],
  config: Readonly<Record<string, unknown>> | undefined,
): Texts {
  return Object.fromEntries(
    fields.map((field) => [field.name, textOf(field, config ? config[field.name] : field.default)]),
  );
}

const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

function valueOf(field: ChannelField, text: string): unknown {
  switch (field.type) {
    case "number":
      return text.trim() === "" ? undefined : Number(text);
    case "list":
      return text
        .split(/[\n,]/)
        .map((each) => each.trim())
        .filter(Boolean);
    case "secrets":
      return Object.fromEntries(
        lines(text).map((line) => {
          const colon = line.indexOf(":");
          return colon < 0 ? [line, ""] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
        }),
      );
    case "secret":
      return text;
    default:
      return text.trim();
  }
}

/** The config to send; what was left empty and is not needed is left out. */
export function toConfig(fields: readonly ChannelField[], texts: Texts): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const field of fields) {
    const value = valueOf(field, texts[field.name] ?? "");
    const nothing =
      value === undefined ||
      value === "" ||
      (field.type === "secrets" && Object.keys(value as object).length === 0);
    if (!nothing || field.required) config[field.name] = value;
  }
  return config;
}

/** Where the messages of a channel go, in a line. */
export function target(config: Readonly<Record<string, unknown>>): string {
  const { url, server, topic, to, host } = config;
  if (typeof url === "string") return url.replace(/^https?:\/\//, "");
  if (typeof topic === "string") return `${String(server ?? "").replace(/^https?:\/\//, "")}/${topic}`;
  if (Array.isArray(to)) return to.join(", ");
  return typeof host === "string" ? host : "";
}
