import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";

interface TabsProps<V extends string> {
  label: string;
  value: V;
  onChange: (value: V) => void;
  tabs: readonly { value: V; label: ReactNode; content: ReactNode }[];
}

/** Parts of one thing inside a page. Parts with an address of their own are links in `TabLinks`. */
export function Tabs<V extends string>({ label, value, onChange, tabs }: TabsProps<V>) {
  return (
    <Radix.Root value={value} onValueChange={(next) => onChange(next as V)}>
      <Radix.List aria-label={label} className="tabs mb-4 border-b border-line p-0">
        {tabs.map((tab) => (
          <Radix.Trigger key={tab.value} value={tab.value}>
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}

/** The bar of tabs under a page's header; its children are links that carry aria-current. */
export function TabLinks({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="tabs-wrap">
      <nav className="tabs" aria-label={label}>
        {children}
      </nav>
    </div>
  );
}
