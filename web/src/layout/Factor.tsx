import { t } from "../locales";
import { looks, Status } from "../ui/mark";

/** Whether somebody has a second factor, and which. */
export const Factor = ({ has, title }: { has: boolean; title?: string }) => (
  <Status look={has ? looks.done : looks.pending} title={title}>
    {has ? t.factor.yes : t.factor.no}
  </Status>
);
