import { Link, useRouter } from "@tanstack/react-router";
import { ChevronRight, LogOut } from "lucide-react";

import { request } from "../api/client";
import { useMay } from "../api/may";
import { forget } from "../api/session";
import { t } from "../locales";
import { paths } from "../paths";
import { Button } from "../ui/Button";
import { Section } from "../ui/Facts";
import { Page } from "./Page";
import { toastProblem } from "./Problem";
import { TenantPlace } from "./Tenant";
import { useSettingsGroups } from "./useSettings";

/** Signs out here, and at the identity provider when it was the way in; forgets what was fetched. */
export function useSignOut(): () => Promise<void> {
  const router = useRouter();
  return async () => {
    try {
      const { data } = await request.POST("/api/v1/auth/logout");
      if (data?.sign_out_url) return location.assign(data.sign_out_url); // which leads back to sign-in
      await router.navigate({ href: paths.signIn() });
      forget(); // only now: what is on the page would fetch it again
    } catch (error) {
      toastProblem(t.layout.signOut, error);
    }
  };
}

/** The places that do not fit into the bottom bar of a phone. */
export function MorePage() {
  const signOut = useSignOut();
  const groups = useSettingsGroups();
  const all = useMay("tenants.read") ? paths.tenants() : undefined;
  return (
    <Page title={t.layout.more}>
      <TenantPlace all={all} />
      {groups.map(({ key, label, pages }) => (
        <Section key={key} title={label}>
          <ul className="rows">
            {pages.map((page) => (
              <li key={page.to} className="p-0">
                <Link to={page.to} className="row min-h-11 flex-1">
                  <span className="flex-1 font-medium">{page.label}</span>
                  <ChevronRight className="icon text-faint" aria-hidden="true" />
                </Link>
              </li>
            ))}
          </ul>
        </Section>
      ))}
      <Button
        className="mt-6"
        icon={<LogOut className="icon" aria-hidden="true" />}
        onClick={() => void signOut()}
      >
        {t.layout.signOut}
      </Button>
    </Page>
  );
}
