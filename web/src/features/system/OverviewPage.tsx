import { Page } from "../../layout/Page";
import { t } from "../../locales";

/** What needs a look, and how this machine is. */
export function OverviewPage() {
  return <Page title={t.system.overview} />;
}
