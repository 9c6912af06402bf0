import "./objects.css";

import { useMemo } from "react";

import { Page } from "../../layout/Page";
import { useUrl } from "../../layout/useUrl";
import { o } from "../../locales/objects";
import { paths } from "../../paths";
import { Empty } from "../../ui/Empty";
import { Logs } from "./Logs";

/** The logs of several at once, as large as the window. */
export function LogsPage() {
  const [url] = useUrl();
  const text = url.get("of") ?? "";
  const of = useMemo(() => text.split(",").filter(Boolean), [text]);
  const names = of.map((each) => each.split("|")[3] ?? each);
  const label = o.logs.of(names.slice(0, 3).join(", ") + (names.length > 3 ? " …" : ""));
  return (
    <Page bare title={label} crumbs={[{ label: o.clusters, to: paths.clusters() }]}>
      <main className="object-whole" id="content">
        {of.length > 0 ? (
          <Logs label={label} of={of} />
        ) : (
          <Empty title={o.logs.nobody}>{o.logs.nobodyWhy}</Empty>
        )}
      </main>
    </Page>
  );
}
