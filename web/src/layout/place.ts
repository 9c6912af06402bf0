import type { components } from "../api/schema";

/** Where a replica or a copy is, as the API has it. */
export type PlaceConfig = components["schemas"]["Config"];

/** How a place is spoken to. */
export const placeKinds = ["file", "s3", "sftp", "webdav"] as const;

/** One of them. */
export type PlaceKind = (typeof placeKinds)[number];

/** A place as it is typed: the parts of its address, each in a field. */
export interface PlaceForm {
  kind: PlaceKind;
  path: string;
  bucket: string;
  prefix: string;
  endpoint: string;
  region: string;
  path_style: boolean;
  access_key: string;
  host: string;
  port: string;
  user: string;
  remote_path: string;
  host_key: string;
  /** WebDAV, as a browser shows it: https://… */
  address: string;
  username: string;
  secret: string;
}

/** What stands for a secret that is stored and never shown. */
export const mask = "********";

/** A place of which nothing is known. */
export const blankPlace: PlaceForm = {
  kind: "file",
  path: "",
  bucket: "",
  prefix: "",
  endpoint: "",
  region: "",
  path_style: false,
  access_key: "",
  host: "",
  port: "",
  user: "",
  remote_path: "",
  host_key: "",
  address: "",
  username: "",
  secret: "",
};

const encode = (path: string) => encodeURI(path).replace(/[?#]/g, encodeURIComponent);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone %, which the server speaks of
  }
}

const bracket = (host: string) => (host.includes(":") && !host.startsWith("[") ? `[${host}]` : host);
const rooted = (path: string) => (path.startsWith("/") ? path : `/${path}`);
const bare = (path: string) => path.trim().replace(/^\/+|\/+$/g, "");

function webdav(text: string): string {
  const address = text.trim().replaceAll(" ", "%20");
  if (!address) return "";
  if (/^webdavs?:\/\//.test(address)) return address;
  const [, scheme = "https", rest = address] = /^(https?):\/\/(.*)$/i.exec(address) ?? [];
  return `${scheme.toLowerCase() === "http" ? "webdav" : "webdavs"}://${rest}`;
}

const urls: Record<PlaceKind, (form: PlaceForm) => string> = {
  file: ({ path }) => (path.trim() ? `file://${encode(rooted(path.trim()))}` : ""),
  s3: ({ bucket, prefix }) =>
    bucket.trim() ? `s3://${[bucket.trim(), encode(bare(prefix))].filter(Boolean).join("/")}` : "",
  sftp: ({ host, port, user, remote_path: path }) => {
    if (!host.trim()) return "";
    const who = user.trim() && `${encodeURIComponent(user.trim())}@`;
    const end = port.trim() && port.trim() !== "22" ? `:${port.trim()}` : "";
    return `sftp://${who}${bracket(host.trim())}${end}${encode(rooted(path.trim()))}`;
  },
  webdav: ({ address }) => webdav(address),
};

/** The address that the fields make; empty while its main part is missing. */
export const placeURL = (form: PlaceForm): string => urls[form.kind](form);

/** What is sent: only what goes with the kind. */
export function toPlace(form: PlaceForm): PlaceConfig {
  const url = placeURL(form);
  const text = (name: "endpoint" | "region" | "access_key" | "host_key" | "username") => {
    const value = form[name].trim();
    return value ? { [name]: value } : {};
  };
  if (form.kind === "s3")
    return {
      url,
      ...text("endpoint"),
      ...text("region"),
      ...text("access_key"),
      ...(form.path_style && { path_style: true }),
    };
  if (form.kind === "sftp") return { url, ...text("host_key") };
  return form.kind === "webdav" ? { url, ...text("username") } : { url };
}

/** The kind of an address. */
export function kindOf(url: string): PlaceKind {
  const scheme = url.split(":")[0]?.toLowerCase();
  return placeKinds.find((kind) => kind === scheme) ?? (scheme === "webdavs" ? "webdav" : "file");
}

function parts(kind: PlaceKind, url: string): Partial<PlaceForm> {
  const rest = url.replace(/^\w+:\/\//, "");
  const slash = rest.indexOf("/");
  const host = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? "" : decode(rest.slice(slash));
  if (kind === "file") return { path };
  if (kind === "s3") return { bucket: host, prefix: bare(path) };
  if (kind === "webdav") return { address: url.replace(/^webdav(s?):/i, "http$1:") };
  const [, user = "", name = "", port = ""] = /^(?:([^@]*)@)?(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host) ?? [];
  return { user: decode(user), host: name.replace(/^\[|\]$/g, ""), port, remote_path: path };
}

/** The fields of a place that is there; those of none are blank. */
export function toPlaceForm(config: PlaceConfig, secret: string): PlaceForm {
  if (!config.url) return blankPlace;
  const { url, ...rest } = config;
  const kind = kindOf(url);
  return { ...blankPlace, ...rest, ...parts(kind, url), kind, secret };
}

/** The same fields for another kind. A secret belongs to the kind it was given for. */
export const withKind = (form: PlaceForm, kind: PlaceKind): PlaceForm =>
  kind === form.kind ? form : { ...form, kind, secret: "" };

/** The fields that say themselves what is wrong with them. */
const placeFields = ["url", "secret", "endpoint", "region", "access_key", "host_key", "username"] as const;

/** The names that the server may give those fields, in the place `of` a request. */
export const placeFieldNames = (of: string): string[] => [
  ...placeFields,
  ...placeFields.map((field) => `${of}.${field}`),
  `${of}_secret`,
];
