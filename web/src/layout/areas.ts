import { Activity, Bell, type LucideIcon, Server, SlidersHorizontal } from "lucide-react";

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
  { label: t.layout.alerts, to: paths.alerts(), icon: Bell, key: "a" },
  { label: t.layout.settings, to: paths.settings(), icon: SlidersHorizontal, key: "e" },
];

/** The pages under Settings, in their order. */
export const settingsPages: readonly { label: string; to: string; key?: string }[] = [
  { label: t.layout.general, to: paths.settings() },
  { label: t.layout.thresholds, to: paths.thresholds(), key: "t" },
  { label: t.layout.channels, to: paths.channels(), key: "c" },
  { label: t.layout.silences, to: paths.silences() },
  { label: t.layout.jobs, to: paths.jobs(), key: "j" },
  { label: t.layout.audit, to: paths.audit() },
  { label: t.layout.account, to: paths.account() },
  { label: t.layout.sessions, to: paths.sessions() },
  { label: t.layout.apiKeys, to: paths.apiKeys() },
];
