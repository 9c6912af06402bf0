import { type ReactNode, useEffect } from "react";

import { t } from "../locales";
import { Logo } from "./Logo";

interface LoneProps {
  /** For the title of the window. */
  page: string;
  title: ReactNode;
  lead?: ReactNode;
  /** Right of the name. */
  status?: ReactNode;
  children: ReactNode;
}

/** A page before anybody is signed in: one card, one thing to do. */
export function Lone({ page, title, lead, status, children }: LoneProps) {
  useEffect(() => {
    document.title = `${page} · ${t.auth.product}`;
  }, [page]);
  return (
    <main className="lone">
      <div className="card">
        <div className="row">
          <Logo />
          <span className="font-medium">{t.auth.product}</span>
          <span className="ml-auto">{status}</span>
        </div>
        <div>
          <h1>{title}</h1>
          {lead && <p className="text-muted">{lead}</p>}
        </div>
        {children}
      </div>
      <p className="mt-4 text-center text-sm text-faint mono">{location.origin}</p>
    </main>
  );
}
