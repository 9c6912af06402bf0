// Every address of the pages, in one place. `next` is where sign-in leads to afterwards.

const query = (params: Record<string, string | undefined>): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value) search.set(name, value);
  const text = search.toString();
  return text ? `?${text}` : "";
};

const server = (id: string) => `/servers/${encodeURIComponent(id)}`;
const cluster = (id: string) => `/clusters/${encodeURIComponent(id)}`;
const alert = (id: string) => `/alerts/${encodeURIComponent(id)}`;
const job = (id: string, filter: JobFilter = {}) =>
  `/settings/jobs/${encodeURIComponent(id)}${query({ ...filter })}`;

/** Jobs of the appliance itself, rather than of the tenant one is in. */
interface JobFilter {
  scope?: "system";
}

/** What the list of objects is narrowed to. */
interface ObjectsFilter {
  kind?: string;
  clusters?: string;
  namespaces?: string;
  q?: string;
  labels?: string;
  fields?: string;
}

/** Which object of which cluster. */
interface ObjectPlace {
  cluster: string;
  kind: string;
  namespace: string;
  name: string;
}

/** Builders for every address. */
export const paths = {
  setup: () => "/setup",
  restarting: (moment?: string) => `/sign-in/restarting${query({ moment })}`,
  signIn: (next?: string) => `/sign-in${query({ next: next === "/" ? undefined : next })}`,
  /** The sign-in after a restore, which says to which moment. */
  signInRestored: (moment?: string) => `/sign-in${query({ restored: moment })}`,
  signInCallback: () => "/sign-in/callback",
  signInLink: () => "/sign-in/link",
  reset: () => "/reset",
  invitation: () => "/invitation",
  unlock: () => "/unlock",

  overview: () => "/",

  servers: (filter: { state?: string; tag?: string; q?: string } = {}) => `/servers${query(filter)}`,
  serverNew: () => "/servers/new",
  serverImport: () => "/servers/import",
  server,
  serverEdit: (id: string) => `${server(id)}/edit`,
  serverAlerts: (id: string) => `${server(id)}/alerts`,
  serverSnapshot: (id: string) => `${server(id)}/snapshot`,
  serverSettings: (id: string) => `${server(id)}/settings`,

  clusters: (filter: { q?: string } = {}) => `/clusters${query(filter)}`,
  /** Of what was found on this box, by its source. */
  clusterNew: (filter: { source?: string } = {}) => `/clusters/new${query(filter)}`,
  cluster,
  clusterKinds: (id: string) => `${cluster(id)}/kinds`,
  clusterSettings: (id: string) => `${cluster(id)}/settings`,
  objects: (filter: ObjectsFilter = {}) => `/clusters/objects${query({ ...filter })}`,
  object: ({ cluster: id, ...of }: ObjectPlace, tab?: string) =>
    `${cluster(id)}/object${query({ ...of, tab })}`,
  apply: (to: { cluster?: string; namespace?: string } = {}) => `/clusters/apply${query(to)}`,
  logs: (of: readonly string[] = []) => `/clusters/logs${query({ of: of.join() })}`,

  alerts: (filter: { state?: string; severity?: string; server?: string } = {}) => `/alerts${query(filter)}`,
  alert,

  settings: () => "/settings",
  members: () => "/settings/members",
  usage: () => "/settings/usage",
  thresholds: () => "/settings/thresholds",
  channels: () => "/settings/channels",
  silences: () => "/settings/silences",
  jobs: (filter: JobFilter = {}) => `/settings/jobs${query({ ...filter })}`,
  job,
  audit: () => "/settings/audit",
  account: () => "/settings/account",
  sessions: () => "/settings/sessions",
  users: () => "/settings/users",
  tenants: () => "/settings/tenants",
  providers: () => "/settings/providers",
  vault: () => "/settings/vault",
  backup: () => "/settings/backup",
  backupPreview: () => "/settings/backup/preview",
  backupKit: () => "/settings/backup/kit",
  tls: () => "/settings/tls",
  upgrade: () => "/settings/upgrade",
  tlsAcme: () => "/settings/tls/acme",
  apiKeys: () => "/settings/api-keys",

  more: () => "/more",
};
