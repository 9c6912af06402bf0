import type { ReactNode } from "react";

interface WayProps {
  name: string;
  /** What it is, or what is known about it. */
  about: ReactNode;
  status?: ReactNode;
  /** Buttons. */
  children?: ReactNode;
}

/** One way to prove who one is: what, how it stands, what to do about it. */
export function Way({ name, about, status, children }: WayProps) {
  return (
    <li className="flex-wrap">
      <div className="min-w-0 flex-1 basis-56">
        <p className="clip font-medium" title={name}>
          {name}
        </p>
        <p className="text-sm text-muted">{about}</p>
      </div>
      {status}
      <div className="row">{children}</div>
    </li>
  );
}
