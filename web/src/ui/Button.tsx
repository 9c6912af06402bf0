import clsx from "clsx";
import type { ButtonHTMLAttributes, ReactNode } from "react";

import { Mark } from "./mark";

interface Look {
  kind?: "default" | "primary" | "quiet" | "danger";
  size?: "small" | "normal" | "large";
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement>, Look {
  /** Something is under way: the button keeps its width and takes no second press. */
  busy?: boolean | undefined;
  icon?: ReactNode;
}

/** The classes of a button, for links that look like one. */
export function buttonClass({ kind = "default", size = "normal" }: Look = {}): string {
  return clsx("btn", kind !== "default" && kind, size !== "normal" && size);
}

/** A button. Its label is a verb and a thing; one primary a view. */
export function Button({
  kind,
  size,
  busy,
  icon,
  className,
  children,
  disabled,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      className={clsx(buttonClass({ ...(kind && { kind }), ...(size && { size }) }), className)}
      disabled={disabled ?? false}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      {...rest}
      {...(busy && { onClick: (event) => event.preventDefault() })}
    >
      {busy ? <Mark shape="half" /> : icon}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonProps, "icon" | "children"> {
  /** What it does, for those who do not see the icon. */
  label: string;
  children: ReactNode;
}

/** A button that is only an icon. */
export function IconButton({
  label,
  kind = "quiet",
  size,
  className,
  children,
  type = "button",
  busy,
  ...rest
}: IconButtonProps) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      aria-busy={busy || undefined}
      className={clsx(buttonClass({ kind, ...(size && { size }) }), "only", className)}
      {...rest}
    >
      {children}
    </button>
  );
}
