import type { components } from "../../api/schema";

type Schemas = components["schemas"];

export type Report = Schemas["Report"];
export type Attempt = Schemas["Attempt"];
export type Back = Schemas["Back"];
