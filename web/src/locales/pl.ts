import type { Messages } from "./en";
import { alerts, silences, thresholds } from "./pl/alerts";
import { auth } from "./pl/auth";
import { channels } from "./pl/channels";
import { layout } from "./pl/layout";
import { manage } from "./pl/manage";
import { servers } from "./pl/servers";
import { account, audit, jobs, sessions, settings } from "./pl/settings";
import { system } from "./pl/system";
import { ui } from "./pl/ui";

/** Every text of the product in Polish. */
export const pl = {
  ui,
  layout,
  auth,
  servers,
  system,
  settings,
  account,
  sessions,
  audit,
  jobs,
  manage,
  alerts,
  thresholds,
  silences,
  channels,
} satisfies Messages;
