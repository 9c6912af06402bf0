import { Link } from "@tanstack/react-router";

import type { Alert } from "../../api/types";
import { paths } from "../../paths";

/** Leads to the server or the cluster that an alert is about. */
export function AboutLink({ alert, className }: { alert: Alert; className: string }) {
  const { server_id, server_name, cluster_id, cluster_name } = alert;
  return (
    <Link className={className} to={cluster_id ? paths.cluster(cluster_id) : paths.server(server_id)}>
      {cluster_id ? cluster_name : server_name}
    </Link>
  );
}
