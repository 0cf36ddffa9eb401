export * from "./amf/index.ts";
export * from "./fault/index.ts";
export * from "./flv/index.ts";
