export type { FilesAnswer, HealthAnswer, StreamsAnswer } from "./api-answer.ts";
export { createHttpApplication, type HttpApplication, type HttpApplicationOptions } from "./http-application.ts";
