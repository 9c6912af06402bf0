import { apiKeys, factors } from "./en/account";
import { alerts, silences, thresholds } from "./en/alerts";
import { auth } from "./en/auth";
import { layout } from "./en/layout";
import { manage } from "./en/manage";
import { factor, invitations, link, members, roles, users } from "./en/people";
import { servers } from "./en/servers";
import { account, jobs, sessions, settings } from "./en/settings";
import { system } from "./en/system";
import { ui } from "./en/ui";

/** Every text of the product. Its type is the contract for other languages. */
export const en = {
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
};

/** What a language must say. */
export type Messages = typeof en;
