import { lazy, Suspense } from "react";

import { t } from "../locales";
import type { EditorProps } from "./EditorText";
import { Skeleton } from "./Empty";

export type { SchemaOf } from "./editor-yaml";

const Text = lazy(async () => ({ default: (await import("./EditorText")).EditorText }));

/** YAML to read or to write, fetched when the first one is shown. It fills the height it is given. */
export const Editor = (props: EditorProps) => (
  <Suspense fallback={<Skeleton label={t.ui.loading} />}>
    <Text {...props} />
  </Suspense>
);
