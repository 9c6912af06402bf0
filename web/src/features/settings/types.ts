import type { components } from "../../api/schema";

export type Settings = components["schemas"]["Settings"];
export type SystemSettings = components["schemas"]["SystemSettings"];
export type Appliance = components["schemas"]["Appliance"];
