import { useMemo } from "react";

import { useMe } from "../api/may";
import { t } from "../locales";
import { paths } from "../paths";
import { type SettingsLink, settingsPages } from "./areas";

const groups = ["here", "you", "appliance"] as const;

/** The pages under Settings that the person may open. */
export function useSettingsPages(): readonly SettingsLink[] {
  const me = useMe();
  return useMemo(
    () =>
      settingsPages.filter(
        ({ to, may, many }) =>
          (!me?.must.length || to === paths.account()) && // first things first
          (!may || me?.permissions.includes(may)) &&
          (!many || me?.multi_tenancy),
      ),
    [me],
  );
}

/** The same pages under their headings. */
export function useSettingsGroups(): { key: string; label: string; pages: readonly SettingsLink[] }[] {
  const pages = useSettingsPages();
  return groups
    .map((key) => ({ key, label: t.layout.groups[key], pages: pages.filter((page) => page.group === key) }))
    .filter((group) => group.pages.length > 0);
}
