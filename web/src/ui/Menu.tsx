import clsx from "clsx";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";

interface MenuProps {
  /** The button that opens it. */
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end";
  side?: "top" | "bottom";
}

/** Things to do, or to choose from, behind a button. */
export function Menu({ trigger, children, align = "end", side = "bottom" }: MenuProps) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="menu" align={align} side={side} sideOffset={4} collisionPadding={8}>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ItemProps {
  icon?: ReactNode;
  children: ReactNode;
  onSelect?: () => void;
  danger?: boolean;
  disabled?: boolean;
  /** The child is a link and becomes the item. */
  link?: boolean;
}

/** One thing to do. */
export function MenuItem({ icon, children, onSelect, danger, disabled = false, link = false }: ItemProps) {
  return (
    <Radix.Item
      asChild={link}
      className={clsx(danger && "danger")}
      disabled={disabled}
      {...(onSelect && { onSelect })}
    >
      {link ? (
        children
      ) : (
        <>
          {icon}
          {children}
        </>
      )}
    </Radix.Item>
  );
}

/** One of several, marked. */
export function MenuChoice<V extends string>({
  value,
  options,
  onChange,
}: {
  value: V;
  options: readonly { value: V; label: ReactNode }[];
  onChange: (value: V) => void;
}) {
  return (
    <Radix.RadioGroup value={value} onValueChange={(next) => onChange(next as V)}>
      {options.map((option) => (
        <Radix.RadioItem key={option.value} value={option.value}>
          <span className="flex-1">{option.label}</span>
          <Radix.ItemIndicator>✓</Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

/** One that is on or off; the menu stays open. */
export function MenuCheck({
  checked,
  onChange,
  children,
}: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: ReactNode;
}) {
  return (
    <Radix.CheckboxItem
      checked={checked}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
    >
      <span className="flex-1">{children}</span>
      <Radix.ItemIndicator>✓</Radix.ItemIndicator>
    </Radix.CheckboxItem>
  );
}

/** A heading inside a menu. */
export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <Radix.Label className="label">{children}</Radix.Label>
);

/** A line between groups. */
export const MenuLine = () => (
  <Radix.Separator asChild>
    <hr />
  </Radix.Separator>
);
