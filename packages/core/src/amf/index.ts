export * from "./amf-types.ts";
