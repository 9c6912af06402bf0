import clsx from "clsx";
import { Fragment, type ReactNode } from "react";

import { number } from "./format";

/** A name and what is known under it; a fact without a value is left out. */
export type Fact = [name: ReactNode, value: ReactNode];

/** Two columns: names muted, values left, a hairline each. */
export function Facts({ facts, className }: { facts: readonly Fact[]; className?: string }) {
  return (
    <dl className={clsx("facts", className)}>
      {facts.map(([name, value], i) =>
        value == null || value === "" ? null : (
          <Fragment key={i}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ),
      )}
    </dl>
  );
}

interface SectionProps {
  title: ReactNode;
  count?: number | undefined;
  /** Right of the heading. */
  end?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A heading, a hairline, content. */
export function Section({ title, count, end, className, children }: SectionProps) {
  return (
    <section className={clsx("section", className)}>
      <div className="head">
        <h2>
          {title}
          {count !== undefined && <span className="count"> {number(count)}</span>}
        </h2>
        {end && <div className="row ml-auto">{end}</div>}
      </div>
      {children}
    </section>
  );
}
