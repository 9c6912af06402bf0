import { Link } from "@tanstack/react-router";

import { paths } from "../../paths";
import { plainName } from "./kinds";
import type { Ref } from "./types";

interface RefLinkProps {
  cluster: string;
  to: Ref;
  /** Says the kind, too. */
  kind?: boolean;
}

/** Another object of the same cluster, by its name. */
export function RefLink({ cluster, to, kind = false }: RefLinkProps) {
  const { namespace = "", name } = to;
  return (
    <Link
      className="link object-ref"
      title={`${to.kind} ${namespace ? `${namespace}/` : ""}${name}`}
      to={paths.object({ cluster, kind: to.kind, namespace, name })}
    >
      {kind && <span className="text-muted">{plainName(to.kind)} </span>}
      {name}
    </Link>
  );
}
