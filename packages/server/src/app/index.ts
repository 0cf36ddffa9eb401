export { ApplicationInstance, type InstanceClient, type PermissionHandler } from "./instance.ts";
export { InstanceDirectory } from "./instance-directory.ts";
export { LiveApplicationHost } from "./live-application.ts";
export type {
	ApplicationHost,
	ApplicationPort,
	ClientFacts,
	ClientId,
	EffectHandler,
	PortEffect,
	PortEvent,
	StreamFacts,
} from "./port.ts";
export { StreamName } from "./stream-name.ts";
