import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";

import { useMust } from "../api/may";
import { t } from "../locales";
import { paths } from "../paths";
import { settingsPages } from "./areas";
import { Page } from "./Page";

interface SettingsPageProps {
  title: string;
  /** One sentence: what this page is for. */
  lead?: ReactNode;
  /** The one button of the page, right of its lead. */
  action?: ReactNode;
  children: ReactNode;
}

/** A page under Settings: its neighbours left, or above on narrow screens. */
export function SettingsPage({ title, lead, action, children }: SettingsPageProps) {
  const nav = useRef<HTMLElement>(null);
  const held = useMust().length > 0;
  const pages = held ? settingsPages.filter((page) => page.to === paths.account()) : settingsPages;
  useEffect(() => {
    // On narrow screens the neighbours are a line that scrolls sideways.
    const here = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (here) nav.current?.scrollTo({ left: here.offsetLeft - 80 });
  }, []);
  return (
    <Page title={title} crumbs={[{ label: t.layout.settings, to: paths.settings() }]}>
      <div className="side">
        <nav ref={nav} aria-label={t.layout.settings}>
          {pages.map(({ label, to }) => (
            <Link key={to} to={to} activeOptions={{ exact: to === paths.settings() }}>
              {label}
            </Link>
          ))}
        </nav>
        <div className="min-w-0">
          {(lead || action) && (
            <div className="mb-4 flex flex-wrap items-start justify-between gap-3">
              {lead && <p className="max-w-160 flex-1 basis-60 text-muted">{lead}</p>}
              {action}
            </div>
          )}
          {children}
        </div>
      </div>
    </Page>
  );
}
