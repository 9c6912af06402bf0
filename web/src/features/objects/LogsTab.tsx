import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import { o } from "../../locales/objects";
import { paths } from "../../paths";
import { Logs } from "./Logs";
import type { PartProps } from "./ObjectPage";
import { sourceOf } from "./sources";

/** The logs of a pod, or of all pods of a workload. */
export function LogsTab({ place, look }: PartProps) {
  const of = useMemo(() => [sourceOf(place)], [place]);
  return (
    <>
      <div className="object-tall">
        <Logs
          label={o.logs.of(place.name)}
          of={of}
          containers={look.pod?.containers.map(({ name }) => name) ?? []}
        />
      </div>
      <Link className="link mt-2 inline-block text-sm" to={paths.logs(of)}>
        {o.logs.whole}
      </Link>
    </>
  );
}
