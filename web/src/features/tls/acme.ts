// The settings of ACME as they are typed. What goes with an authority or a service is kept
// for each, so that going back and forth loses nothing; only what goes with the chosen is sent.
import type { Acme, Report, Tls } from "./types";

/** Authorities whose directories are known; "other" is any. */
export const authorities = ["letsencrypt", "zerossl", "google", "sslcom", "other"] as const;

/** One of them. */
export type Authority = (typeof authorities)[number];

const directories: Record<Exclude<Authority, "other">, string> = {
  letsencrypt: "https://acme-v02.api.letsencrypt.org/directory",
  zerossl: "https://acme.zerossl.com/v2/DV90",
  google: "https://dv.acme-v02.api.pki.goog/directory",
  sslcom: "https://acme.ssl.com/sslcom-dv-ecc",
};

/** The authority at a directory. */
export const authorityAt = (directory: string): Authority =>
  authorities.find((each) => each !== "other" && directories[each] === directory) ?? "other";

/** Whether an authority takes accounts only that are bound; undefined: that is not known. */
export function bound(authority: Authority): boolean | undefined {
  return authority === "other" ? undefined : authority !== "letsencrypt";
}

/** How a name is shown to be one's own. */
export const challenges = ["http", "alpn", "dns"] as const;

/** Services that keep zones. */
export const providers = ["cloudflare", "desec", "hetzner", "rfc2136"] as const;

/** One of them. */
export type Provider = (typeof providers)[number];

/** The algorithms of a key of RFC 2136. */
export const algorithms = ["hmac-sha256", "hmac-sha512", "hmac-sha384", "hmac-sha224", "hmac-sha1"] as const;

/** A key that binds an account. */
export interface Binding {
  id: string;
  key: string;
}

/** What is typed. */
export interface AcmeForm {
  authority: Authority;
  /** Of another authority. */
  directory: string;
  staging: string;
  roots: string;
  email: string;
  bindings: Readonly<Partial<Record<Authority, Binding>>>;
  resolver: string;
  challenge: Acme["challenge"];
  provider: Provider | "";
  server: string;
  key_name: string;
  algorithm: string;
  apis: Readonly<Partial<Record<Provider, string>>>;
  /** Tokens and keys that were typed. */
  secrets: Readonly<Partial<Record<Provider, string>>>;
  /** The directory whose terms are agreed to. */
  agreed: string;
}

/** What is stored, as it is typed. */
export function toForm({ acme }: Pick<Tls, "acme">): AcmeForm {
  const authority = authorityAt(acme.directory);
  const { provider, api } = acme.dns;
  const other = authority === "other";
  return {
    authority,
    directory: other ? acme.directory : "",
    staging: other ? acme.staging : "",
    roots: other ? acme.roots : "",
    email: acme.email,
    bindings: acme.eab_key_id ? { [authority]: { id: acme.eab_key_id, key: "" } } : {},
    resolver: acme.resolver,
    challenge: acme.challenge,
    provider,
    server: acme.dns.server,
    key_name: acme.dns.key_name,
    algorithm: acme.dns.algorithm || algorithms[0],
    apis: provider && api ? { [provider]: api } : {},
    secrets: {},
    agreed: acme.agreed ? acme.directory : "",
  };
}

/** Where the authority is. */
export const directoryOf = ({ authority, directory }: AcmeForm): string =>
  authority === "other" ? directory.trim() : directories[authority];

const unbound: Binding = { id: "", key: "" };

/** The key that binds the account to the chosen authority. */
export const bindingOf = ({ authority, bindings }: AcmeForm): Binding => bindings[authority] ?? unbound;

function toDns(form: AcmeForm): Acme["dns"] {
  const none = { provider: "", server: "", key_name: "", algorithm: "", api: "" } as const;
  const { provider } = form;
  if (form.challenge !== "dns" || provider === "") return none;
  if (provider !== "rfc2136") return { ...none, provider, api: form.apis[provider]?.trim() ?? "" };
  const { server, key_name: key, algorithm } = form;
  return { ...none, provider, server: server.trim(), key_name: key.trim(), algorithm };
}

/** What is sent: only what goes with the authority and the challenge. */
export function toAcme(form: AcmeForm): Acme {
  const other = form.authority === "other";
  const directory = directoryOf(form);
  return {
    directory,
    staging: other ? form.staging.trim() : "",
    email: form.email.trim(),
    agreed: form.agreed === directory && directory !== "",
    challenge: form.challenge,
    dns: toDns(form),
    eab_key_id: bindingOf(form).id.trim(),
    roots: other ? form.roots.trim() : "",
    resolver: form.resolver.trim(),
  };
}

/** The secret of the service that was typed. */
export function dnsSecret({ challenge, provider, secrets }: AcmeForm): string | undefined {
  return (challenge === "dns" && provider && secrets[provider]?.trim()) || undefined;
}

/** Whether the secret that is stored is that of the chosen service. */
export const hasDnsSecret = ({ dns_secret_set: set, acme }: Tls, { provider }: AcmeForm): boolean =>
  set && provider !== "" && acme.dns.provider === provider;

/** Whether the key that is stored is that of the chosen binding. */
export function hasEabSecret({ eab_secret_set: set, acme }: Tls, form: AcmeForm): boolean {
  return set && acme.directory === directoryOf(form) && acme.eab_key_id === bindingOf(form).id.trim();
}

interface Secrets {
  dns_secret?: string;
  eab_secret?: string;
}

/** The secrets that are sent; those that are not stay as they are, and an empty one goes. */
export function toSecrets(state: Tls, form: AcmeForm): Secrets {
  const { id, key } = bindingOf(form);
  const dns = dnsSecret(form);
  const typed = key.trim();
  return {
    ...(dns && { dns_secret: dns }),
    ...(typed && { eab_secret: typed }),
    ...(!id.trim() && !typed && state.eab_secret_set && { eab_secret: "" }),
  };
}

/** Whether a name server may take updates without a key: it is on this machine. */
export const keyless = (server: string): boolean =>
  /^(localhost|127\.[\d.]+|\[?::1\]?)(:\d+)?$/i.test(server.trim());

/** The steps of setting it up. */
export const steps = ["authority", "names", "challenge", "check", "asked"] as const;

/** One of them. */
export type Step = (typeof steps)[number];

/** The step of an address; the last is reached by saving only. */
export const stepOf = (text: string | null): Step => steps.find((each) => each === text) ?? "authority";

const challengeFields = ["provider", "server", "key_name", "algorithm", "api", "dns", "dns_secret", "secret"];

/** The step that a field which was refused is on. */
export function stepOfField(field: string): Step {
  const last = field.split(".").pop() ?? "";
  if (challengeFields.includes(last) || last === "challenge") return "challenge";
  return last === "agreed" ? "check" : "authority";
}

/** Whether a name would get its certificate: nothing has to be mended. */
export const passes = ({ findings }: Report): boolean => findings.every(({ ok, hard }) => ok || !hard);
