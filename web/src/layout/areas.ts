import { Activity, Bell, Box, type LucideIcon, Server, SlidersHorizontal } from "lucide-react";

import { t } from "../locales";
import { paths } from "../paths";

interface Area {
  label: string;
  to: string;
  icon: LucideIcon;
  /** Pressed after g. */
  key: string;
}

/** The areas of the rail that exist, in their order. */
export const areas: readonly Area[] = [
  { label: t.layout.overview, to: paths.overview(), icon: Activity, key: "o" },
  { label: t.layout.servers, to: paths.servers(), icon: Server, key: "s" },
  { label: t.layout.clusters, to: paths.clusters(), icon: Box, key: "c" },
  { label: t.layout.alerts, to: paths.alerts(), icon: Bell, key: "a" },
  { label: t.layout.settings, to: paths.settings(), icon: SlidersHorizontal, key: "e" },
];

/** Those of the bottom bar of a phone, in its order. */
export const bottomAreas = [paths.overview(), paths.servers(), paths.alerts(), paths.clusters()].flatMap(
  (to) => areas.filter((area) => area.to === to),
);

/** What pages under Settings are about: the tenant, the person, the appliance. */
type SettingsGroup = "here" | "you" | "appliance";

/** A page under Settings. */
export interface SettingsLink {
  label: string;
  to: string;
  group: SettingsGroup;
  /** Pressed after g. */
  key?: string;
  /** Shown to those who have this permission. */
  may?: string;
  /** Shown where many tenants share the appliance. */
  many?: boolean;
}

/** The pages under Settings, in their order. */
export const settingsPages: readonly SettingsLink[] = [
  { label: t.layout.general, to: paths.settings(), group: "here" },
  { label: t.layout.members, to: paths.members(), group: "here", may: "members.read" },
  { label: t.layout.thresholds, to: paths.thresholds(), group: "here", key: "t" },
  { label: t.layout.channels, to: paths.channels(), group: "here", key: "n" },
  { label: t.layout.silences, to: paths.silences(), group: "here" },
  { label: t.layout.jobs, to: paths.jobs(), group: "here", key: "j" },
  { label: t.layout.usage, to: paths.usage(), group: "here", may: "usage.read" },
  { label: t.layout.audit, to: paths.audit(), group: "here", may: "audit.read" },
  { label: t.layout.account, to: paths.account(), group: "you" },
  { label: t.layout.sessions, to: paths.sessions(), group: "you" },
  { label: t.layout.apiKeys, to: paths.apiKeys(), group: "you" },
  { label: t.layout.users, to: paths.users(), group: "appliance", may: "users.read" },
  { label: t.layout.tenants, to: paths.tenants(), group: "appliance", may: "tenants.read", many: true },
  { label: t.layout.providers, to: paths.providers(), group: "appliance", may: "providers.write" },
  { label: t.layout.backup, to: paths.backup(), group: "appliance", may: "backup.read", key: "b" },
  { label: t.layout.vault, to: paths.vault(), group: "appliance", may: "vault.write" },
  { label: t.layout.tls, to: paths.tls(), group: "appliance", may: "tls.write" },
  { label: t.layout.upgrade, to: paths.upgrade(), group: "appliance", may: "system.write" },
];
