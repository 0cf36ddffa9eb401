export * from "./media-message.ts";
