import { useState } from "react";

import { setTheme, type Theme, useTheme } from "../theme";
import { Segmented } from "../Segmented";
import { Charts } from "./charts";
import { Controls } from "./controls";
import { Data } from "./data";
import { Graphs } from "./graphs";
import { Logs } from "./logs";
import { Overlays } from "./overlays";
import { Rows } from "./rows";
import { Terminals } from "./terminals";
import { Text } from "./text";

/** Every part of the kit in every state: what screenshots and axe look at. */
export function KitPage() {
  const theme = useTheme();
  const [, redraw] = useState(0);
  return (
    <main className="page bg-surface">
      <div className="head mb-4">
        <h1 className="text-xl font-strong">Kit</h1>
        <div className="ml-auto">
          <Segmented<Theme>
            label="Theme"
            value={theme}
            onChange={(next) => {
              setTheme(next);
              redraw((n) => n + 1);
            }}
            options={[
              { value: "system", label: "System" },
              { value: "light", label: "Light" },
              { value: "dark", label: "Dark" },
            ]}
          />
        </div>
      </div>
      <Controls />
      <Data />
      <Charts />
      <Rows />
      <Terminals />
      <Logs />
      <Text />
      <Graphs />
      <Overlays />
    </main>
  );
}
