import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { Search } from "lucide-react";
import { Fragment, type ReactNode, useEffect } from "react";

import { t } from "../locales";
import { IconButton } from "../ui/Button";
import { setTheme, type Theme, useTheme } from "../ui/theme";
import { Bell } from "./Bell";
import { LiveBanner, LiveDot } from "./LiveDot";
import { MustBanner } from "./MustBanner";
import { useSearch } from "./Shell";

const order: readonly Theme[] = ["system", "light", "dark"];

function ThemeSwitch() {
  const now = useTheme();
  const next = order[(order.indexOf(now) + 1) % order.length] ?? "system";
  return (
    <IconButton label={t.layout.theme.label(t.layout.theme[now])} onClick={() => setTheme(next)}>
      <svg className="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
        <circle cx="12" cy="12" r="8" />
        <path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor" />
      </svg>
    </IconButton>
  );
}

interface PageProps {
  title: string;
  /** The places above this one. */
  crumbs?: readonly { label: string; to: string }[];
  /** One small button, left of the connection. */
  action?: ReactNode;
  /** Right below the bar and as wide as the page: a header with tabs, filters. */
  header?: ReactNode;
  /** The page names itself in a larger heading of its own. */
  named?: boolean;
  /** The content lays itself out: a list with a panel beside it. */
  bare?: boolean;
  children?: ReactNode;
}

/** The top bar and what is under it. Every page behind the sign-in is one. */
export function Page({ title, crumbs = [], action, header, named, bare, children }: PageProps) {
  const search = useSearch();
  useEffect(() => {
    document.title = `${title} · ${t.auth.product}`;
  }, [title]);
  const Title = named ? "span" : "h1";
  return (
    <>
      <header className="top">
        {crumbs.map(({ label, to }) => (
          <Fragment key={to}>
            <Link className="crumb" to={to}>
              {label}
            </Link>
            <span className="text-faint" aria-hidden="true">
              /
            </span>
          </Fragment>
        ))}
        <Title className={clsx("clip", named && "font-medium")}>{title}</Title>
        <span className="flex-1" />
        {action && <span className="max-md:hidden">{action}</span>}
        <LiveDot />
        <IconButton className="md:hidden" label={t.layout.searchLong} onClick={search}>
          <Search className="icon" />
        </IconButton>
        <ThemeSwitch />
        <Bell />
      </header>
      {header}
      <LiveBanner />
      <MustBanner />
      {bare ? (
        children
      ) : (
        <main className="page" id="content">
          {children}
        </main>
      )}
    </>
  );
}
