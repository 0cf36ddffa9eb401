import type { IncomingMessage } from "node:http";
import { AMF_LIMITS } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";
import type { InstanceDirectory } from "./app/index.ts";
import type { ServerOptions } from "./config/index.ts";
import type { EventLog } from "./log/index.ts";
import type { SocketOrigin } from "./net/index.ts";
import { RemotingGateway } from "./remoting/index.ts";
import type { ServerApplications } from "./server-applications.ts";

export type ServerRemotingOptions = {
	readonly options: ServerOptions;
	readonly applications: ServerApplications;
	readonly instances: InstanceDirectory;
	readonly log: EventLog;
	rejection(): NetStatus | undefined;
	originOf(request: IncomingMessage): SocketOrigin;
	hasRoom(): boolean;
	nextId(): string;
	now(): number;
};

/** The gateway of Flash Remoting by the settings; `undefined`: no application can be called so. */
export function createRemotingGateway(server: ServerRemotingOptions): RemotingGateway | undefined {
	const { options, applications } = server;
	const { enabled, application: defaultApplication, ...settings } = options.remoting;
	const isWanted = enabled || Object.values(options.applications).some(each => each.remoting?.enabled === true);
	if (!isWanted) return undefined;
	return new RemotingGateway({
		...server,
		...settings,
		defaultApplication,
		cors: options.http.cors,
		nameLength: options.limits.nameLength,
		limits: { ...AMF_LIMITS, depth: options.limits.amfDepth },
		isApplication: name => applications.isNamed(name),
		rules: name => (applications.options(name)?.remoting === true ? applications.rules(name) : undefined),
	});
}
