import type { components } from "../../api/schema";

type Schemas = components["schemas"];

export type Tls = Schemas["TlsState"];
export type Mode = Tls["mode"];
export type Name = Schemas["Name"];
export type Acme = Schemas["ACME"];
export type Report = Schemas["Checked"];
export type Finding = Report["findings"][number];
