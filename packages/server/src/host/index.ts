export { ApplicationHosts, type ApplicationHostsOptions } from "./application-hosts.ts";
export { findMain } from "./code-folder.ts";
export type { CodeSettings } from "./code-host.ts";
export { LineAllowance } from "./line-allowance.ts";
export { localChannel, startLocalChannel } from "./local-channel.ts";
export { startProcessChannel } from "./process-channel.ts";
export { type RuntimeLimits, RuntimeLink } from "./runtime-link.ts";
export { startThreadChannel } from "./thread-channel.ts";
