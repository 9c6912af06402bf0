import type { Messages } from "./en";
import { apiKeys, factors } from "./pl/account";
import { alerts, silences, thresholds } from "./pl/alerts";
import { auth } from "./pl/auth";
import { layout } from "./pl/layout";
import { manage } from "./pl/manage";
import { factor, invitations, link, members, roles, users } from "./pl/people";
import { servers } from "./pl/servers";
import { account, jobs, sessions, settings } from "./pl/settings";
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
  factors,
  apiKeys,
  jobs,
  manage,
  alerts,
  thresholds,
  silences,
  roles,
  link,
  factor,
  members,
  invitations,
  users,
} satisfies Messages;
