export type { FilesAnswer, HealthAnswer, PortsAnswer, StreamsAnswer } from "./api-answer.ts";
export { crossDomainPolicy } from "./cross-domain.ts";
export { createForeignSite, type ForeignSite, type ForeignSiteOptions } from "./foreign-site.ts";
export { createHttpApplication, type HttpApplication, type HttpApplicationOptions } from "./http-application.ts";
export { isServerPath } from "./server-path.ts";
