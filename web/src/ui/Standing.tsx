import "./standing.css";

import type { ReactNode } from "react";

import { type Fact, Facts } from "./Facts";
import { type Look, Mark } from "./mark";

interface StandingProps {
  /** What it is about, spoken. */
  label: string;
  look: Look;
  /** One sentence: how it stands. */
  title: ReactNode;
  /** What that means. */
  children?: ReactNode;
  /** What can be done about it. */
  actions?: ReactNode;
  /** What is known, below. */
  facts?: readonly Fact[];
}

/** How the thing of a page stands, first on it. */
export function Standing({
  label,
  look: { shape, tone },
  title,
  children,
  actions,
  facts = [],
}: StandingProps) {
  return (
    <section className="standing" aria-label={label}>
      <div className={`what ${tone}`}>
        <Mark shape={shape} tone={tone} />
        <div className="said">
          <h2>{title}</h2>
          {children}
        </div>
        {actions && <div className="row ml-auto flex-wrap">{actions}</div>}
      </div>
      {facts.length > 0 && <Facts facts={facts} />}
    </section>
  );
}
