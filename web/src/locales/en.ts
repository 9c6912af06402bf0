import { auth } from "./en/auth";
import { layout } from "./en/layout";
import { servers } from "./en/servers";
import { account, audit, jobs, sessions, settings } from "./en/settings";
import { system } from "./en/system";
import { ui } from "./en/ui";

/** Every text of the product. Its type is the contract for other languages. */
export const en = { ui, layout, auth, servers, system, settings, account, sessions, audit, jobs };

/** What a language must say. */
export type Messages = typeof en;
