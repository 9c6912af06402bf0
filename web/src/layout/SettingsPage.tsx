import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";

import { t } from "../locales";
import { paths } from "../paths";
import { Page } from "./Page";
import { useSettingsGroups } from "./useSettings";

interface SettingsPageProps {
  title: string;
  /** One sentence: what this page is for. */
  lead?: ReactNode;
  /** The one button of the page, right of its lead. */
  action?: ReactNode;
  /** One thing of the page beside it: a Panel. */
  panel?: ReactNode;
  children: ReactNode;
}

/** A page under Settings: its neighbours left, or above on narrow screens. */
export function SettingsPage({ title, lead, action, panel, children }: SettingsPageProps) {
  const nav = useRef<HTMLElement>(null);
  const groups = useSettingsGroups();
  useEffect(() => {
    // On narrow screens the neighbours are a line that scrolls sideways.
    const here = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (here) nav.current?.scrollTo({ left: here.offsetLeft - 80 });
  }, []);
  return (
    <Page bare title={title} crumbs={[{ label: t.layout.settings, to: paths.settings() }]}>
      <div className="split">
        <main className="page" id="content">
          <div className="side">
            <nav ref={nav} aria-label={t.layout.settings}>
              {groups.map(({ key, label, pages }) => (
                <div key={key} role="group" aria-label={label}>
                  <span className="label" aria-hidden="true">
                    {label}
                  </span>
                  {pages.map((page) => (
                    <Link key={page.to} to={page.to} activeOptions={{ exact: page.to === paths.settings() }}>
                      {page.label}
                    </Link>
                  ))}
                </div>
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
        </main>
        {panel}
      </div>
    </Page>
  );
}
